/*
 * in_flight: the entries of calls that have begun and not ended (trace_format.h, struct vmat_in_flight): what a
 * killed process leaves of them. A thread claims one for the length of a call, near its number's place:
 *
 *     claim, fill      owner = tid << 1           the call was not made yet
 *     publish          owner = tid << 1 | 1       made, or about to be
 *     drawn            slot = its number + 1      over
 *     release          owner = 0                  its event is stored
 *
 * A jump out of a signal handler leaves an entry as it is. in_flight_leave() makes an event of it that says so. From between
 * the draw and `drawn` the number is not known any more: that slot stays torn, and the event has another one.
 * Each takes NULL for an entry: there was none to be had.
 */
#ifndef VMATRACE_PRELOAD_IN_FLIGHT_H
#define VMATRACE_PRELOAD_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "ring.h"
#include "vmatrace/trace_format.h"

enum {
	IN_FLIGHT_PROBES = 4,
	IN_FLIGHT_AWAITS = 1, /* in vmat_in_flight.frame */
};

static inline struct vmat_in_flight *in_flight_place(uint32_t tid, unsigned probe)
{
	return &ring.in_flight[(tid + probe * 127) % VMAT_IN_FLIGHT_COUNT];
}

/* Frees the entry; if its call may have been made and no event tells of it, one that does not know is stored. */
void in_flight_leave(struct vmat_in_flight *entry);

/*
 * No registration, nothing to clean up when the thread ends. None free among a few: the call is only recorded when
 * it returns. An entry of this number that no live event holds (`outermost`) was left by a thread before.
 */
static inline struct vmat_in_flight *in_flight_claim(uint32_t tid, bool outermost)
{
	uint64_t filling = (uint64_t)tid << 1;

	/* The entries are those of calls whose end found no slot any more. */
	if (ring_has_stopped())
		return NULL;
	for (unsigned probe = 0; probe < IN_FLIGHT_PROBES; probe++) {
		struct vmat_in_flight *entry = in_flight_place(tid, probe);
		uint64_t owner = __atomic_load_n(&entry->owner, __ATOMIC_RELAXED);

		if (__builtin_expect(owner != 0, 0)) {
			if (!outermost || owner >> 1 != tid)
				continue;
			in_flight_leave(entry);
			owner = 0;
		}
		if (__atomic_compare_exchange_n(&entry->owner, &owner, filling, false,
		                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return entry;
	}
	ring_count(&ring.control->in_flight_full);
	return NULL;
}

/* All but the moment, which is when the system call is made. frame: see vmat_in_flight. */
static inline void in_flight_fill(struct vmat_in_flight *entry, const struct vmat_event *event,
                                  uint64_t frame)
{
	if (!entry)
		return;
	__builtin_memcpy(entry->args, event->args, sizeof(entry->args));
	entry->caller = event->caller;
	entry->tid = event->tid;
	entry->stack = event->stack;
	entry->object = event->object;
	entry->call = event->call;
	entry->flags = event->flags;
	entry->via = event->via;
	entry->lap = (uint8_t)(arena_lap() >> 8);
	entry->slot = 0;
	entry->frame = frame;
}

static inline void in_flight_publish(struct vmat_in_flight *entry, uint64_t time, uint64_t enter)
{
	if (!entry)
		return;
	entry->time = time;
	entry->enter = enter;
	/* Last: a reader that sees it whole sees the rest. */
	__atomic_store_n(&entry->owner, (uint64_t)entry->tid << 1 | 1, __ATOMIC_RELEASE);
}

static inline void in_flight_drawn(struct vmat_in_flight *entry, uint64_t seq)
{
	if (entry)
		entry->slot = seq + 1;
}

/*
 * Only while it is this thread's event's. One that this thread has taken over since may be another thread's by now,
 * but then it does not bear this thread's number.
 */
static inline void in_flight_release(struct vmat_in_flight *entry, uint32_t tid)
{
	if (entry && __atomic_load_n(&entry->owner, __ATOMIC_RELAXED) >> 1 == tid)
		__atomic_store_n(&entry->owner, 0, __ATOMIC_RELEASE);
}

#endif
