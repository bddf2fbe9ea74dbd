/*
 * arena.c: where the next record goes.
 */
#include "arena.h"

#include "words.h"

#define OFFSET_MASK ((1ull << VMAT_LAP_SHIFT) - 1)

enum { SNAPSHOTS_A_LAP = 8 };

static uint64_t aligned(uint64_t bytes)
{
	return (bytes + VMAT_RECORD_ALIGN - 1) & ~(uint64_t)(VMAT_RECORD_ALIGN - 1);
}

/* True if every event that the ring still holds was made in this lap. */
static bool ring_was_lapped(uint64_t lap)
{
	uint64_t began = __atomic_load_n(&ring.lap_began, __ATOMIC_RELAXED);

	/* Whoever began the lap has not said so yet: then it is young. */
	return began >> VMAT_LAP_SHIFT == lap &&
	       ((ring_head() - began) & OFFSET_MASK) >= ring.slot_count;
}

static uint64_t half_of(uint64_t lap)
{
	return ring.laps ? lap & 1 : 0;
}

/* arena_used with `size` bytes more; 0: there is no room. */
static uint64_t advanced(uint64_t used, uint64_t size)
{
	uint64_t lap = used >> VMAT_LAP_SHIFT;
	uint64_t half = half_of(lap), other = half_of(lap + 1);
	uint64_t limit = __atomic_load_n(&ring.arena_limit[half], __ATOMIC_RELAXED);
	uint64_t offset = (used & OFFSET_MASK) - half * ring.arena_half;
	bool fits = size <= limit && offset <= limit - size;
	bool may_lap =
		ring.laps && size + VMAT_RECORD_ALIGN <=
				     __atomic_load_n(&ring.arena_limit[other], __ATOMIC_RELAXED);

	if (fits && !(may_lap && offset >= __atomic_load_n(&ring.lap_soft, __ATOMIC_RELAXED) &&
	              ring_was_lapped(lap)))
		return used + size;
	/* Pages were refused: what there is stays until no event needs it. */
	if (!may_lap || (limit < ring.arena_half && !ring_was_lapped(lap)))
		return 0;
	return ((lap + 1) & VMAT_LAP_MASK) << VMAT_LAP_SHIFT |
	       (other * ring.arena_half + VMAT_RECORD_ALIGN + size);
}

uint64_t arena_snapshot_limit(void)
{
	return ring.arena_half / 2;
}

static void ask_for_snapshot(uint64_t used, uint64_t next)
{
	uint64_t middle = half_of(next >> VMAT_LAP_SHIFT) * ring.arena_half + ring.arena_half / 2;

	if (used >> VMAT_LAP_SHIFT != next >> VMAT_LAP_SHIFT)
		__atomic_store_n(&ring.lap_began,
		                 (next & ~OFFSET_MASK) | (ring_head() & OFFSET_MASK),
		                 __ATOMIC_RELAXED);
	else if ((used & OFFSET_MASK) > middle || (next & OFFSET_MASK) <= middle)
		return;
	if (ring.laps)
		__atomic_store_n(&ring.snapshot_at, 0, __ATOMIC_RELAXED);
}

struct vmat_record *arena_reserve(uint64_t bytes, uint32_t *id)
{
	/* Before the offset: a fork child that gets a trace of its own in between must not mix the two. */
	uint8_t *arena = __atomic_load_n(&ring.arena, __ATOMIC_ACQUIRE);
	uint64_t used = __atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED);
	uint64_t size = aligned(bytes);
	uint64_t next, offset, half;
	struct vmat_record *record;

	/* Compare and swap rather than add: a record that does not fit must not use up what is left. */
	do {
		next = advanced(used, size);
		if (!next) {
			ring_count(&ring.control->arena_full);
			return NULL;
		}
	} while (!__atomic_compare_exchange_n(&ring.control->arena_used, &used, next, true,
	                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	ask_for_snapshot(used, next);
	offset = (next & OFFSET_MASK) - size;
	half = half_of(next >> VMAT_LAP_SHIFT);
	if (!ring_arena_ready(arena, half, offset + size - half * ring.arena_half)) {
		/* What is ready is all there will be. */
		__atomic_store_n(&ring.arena_limit[half],
		                 __atomic_load_n(&ring.arena_ready[half], __ATOMIC_RELAXED),
		                 __ATOMIC_RELAXED);
		ring_count(&ring.control->arena_full);
		return NULL;
	}
	record = (struct vmat_record *)(arena + offset);
	__atomic_store_n(&record->type, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&record->bytes, (uint32_t)(bytes - sizeof(*record)), __ATOMIC_RELAXED);
	/* Behind the length: with this lap it says how much was never finished. */
	__atomic_store_n(&record->lap, (uint32_t)(next >> VMAT_LAP_SHIFT), __ATOMIC_RELEASE);
	*id = (uint32_t)(next >> VMAT_LAP_SHIFT << VMAT_ID_LAP_SHIFT | offset / VMAT_RECORD_ALIGN);
	return record;
}

void arena_return(struct vmat_record *record, uint64_t reserved, uint64_t used)
{
	uint64_t start = (uint64_t)((uint8_t *)record - ring.arena) |
	                 (uint64_t)__atomic_load_n(&record->lap, __ATOMIC_RELAXED)
	                         << VMAT_LAP_SHIFT;
	uint64_t end = start + aligned(reserved);

	/* In the first lap what holds nothing reads 0. */
	words_clear((uint8_t *)record + aligned(used), aligned(reserved) - aligned(used));
	/*
	 * Before others may store behind it: whoever reads what a kill left unfinished goes on from here, and would
	 * look for the next record in the middle of theirs.
	 */
	__atomic_store_n(&record->bytes, (uint32_t)(used - sizeof(*record)), __ATOMIC_RELAXED);
	__atomic_compare_exchange_n(&ring.control->arena_used, &end, start + aligned(used), false,
	                            __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void arena_snapshot_taken(uint64_t bytes)
{
	uint64_t soft = bytes * SNAPSHOTS_A_LAP;

	/* Racing threads have read nearly the same list. */
	if (soft > __atomic_load_n(&ring.lap_soft, __ATOMIC_RELAXED))
		__atomic_store_n(&ring.lap_soft, soft, __ATOMIC_RELAXED);
}
