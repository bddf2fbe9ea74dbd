/*
 * arena: what events refer to by id, one record behind the other, in laps (trace_format.h has the picture).
 *
 * Even laps fill its lower half, odd ones its upper half: what the lap before stored stays whole in this one. A
 * new lap begins, from the front of the other half,
 *
 *     early   once the ring has been lapped since this one began and it holds `soft` bytes: no event is left
 *             that refers to the lap before, so a steady program's trace stays small,
 *     late    at the half's end: stacks of the oldest events go before the events do.
 *
 * With `stop` and `grow` nothing is ever given up: there is one lap. So it is while pages are refused (a full
 * disk) and events are left that need what there is.
 *
 * Whoever begins a lap, or comes to the middle of one, asks for a snapshot: one survives at any moment, for it
 * takes no more than an eighth of a lap (arena_snapshot_taken).
 */
#ifndef VMATRACE_PRELOAD_ARENA_H
#define VMATRACE_PRELOAD_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

/* The lap, 24 bits. A record of another lap must be stored anew before an event refers to it. */
static inline uint32_t arena_lap(void)
{
	return (uint32_t)(__atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED) >>
	                  VMAT_LAP_SHIFT);
}

/*
 * `bytes` of the arena, aligned, safe to store to; NULL and counted when there is no more. The record's lap
 * is stored, its type is 0, the rest may be anything. Async-signal-safe, no lock.
 */
struct vmat_record *arena_reserve(uint64_t bytes, uint32_t *id);
/* Where the next record will likely go, and the one after it, brought near while what goes there is made. */
static inline void arena_expect(void)
{
	const uint8_t *next =
		ring.arena + (__atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED) &
	                      ((UINT64_C(1) << VMAT_LAP_SHIFT) - 1));

	__builtin_prefetch(next, 1);
	__builtin_prefetch(next + 64, 1);
	__builtin_prefetch(next + 128, 1);
}

/* Gives back the tail of the newest reservation, if it still is the newest. */
void arena_return(struct vmat_record *record, uint64_t reserved, uint64_t used);

/* Snapshots of more than this would not survive their own writing. */
uint64_t arena_snapshot_limit(void);
/* One was stored: laps are to be no shorter than a few of them. */
void arena_snapshot_taken(uint64_t bytes);

#endif
