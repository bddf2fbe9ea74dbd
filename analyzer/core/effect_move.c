/*
 * effect_move: mremap. What its old range alone had is given up when the call enters, what the new range
 * gets appears when it returns (order.h); in between, the runs wait in replay->taken.
 *
 *     in place, shrinking    the tail goes, with whatever else lies in it
 *     in place, growing      the last page's run goes on
 *     moved, same length     each run moves by itself: under a hole of the source the destination stays
 *     moved, other length    the first pages, or all and more like the last: the kernel allows one VMA only
 *     old length 0           the source stays, and the new range goes on from its first page
 *     DONTUNMAP              the source stays as it was, but is no longer locked
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "effects.h"
#include "replay.h"
#include "runs.h"

static struct move move_of(const struct replay *replay, const struct event *event)
{
	const struct vma_run *run = vma_map_at(replay->map, event->args[0]);
	bool huge = run && run->start <= event->args[0] && run->map_flags & RUN_HUGETLB;
	uint32_t unit = huge ? HUGE_PAGE_BYTES : replay->page_bytes;
	struct move move = {
		.old = page_range(event->args[0], page_ceil(event->args[1], unit),
		                  replay->page_bytes),
		.new = page_range(event->result, page_ceil(event->args[2], unit),
		                  replay->page_bytes),
		.in_place = event->result == event->args[0],
		.keeps_source = event->args[3] & MREMAP_DONTUNMAP || !event->args[1],
	};

	if (!event->args[1]) /* old length 0: nothing is moved, but from here it is copied */
		move.old.start = move.old.end = page_floor(event->args[0], replay->page_bytes);
	return move;
}

/* --- what the old range had --------------------------------------------------------------------------- */

static bool take(struct replay *replay, uint64_t seq, const struct move *move)
{
	struct page_range source = move->old;
	const struct page_range *range = &source;
	struct taken *taken;
	size_t count = 0;

	if (source.start == source.end) /* a copy begins like its first page */
		source.end += replay->page_bytes;
	if (replay->taken_count == replay->taken_capacity) {
		size_t capacity = replay->taken_capacity ? 2 * replay->taken_capacity : 8;

		taken = reallocarray(replay->taken, capacity, sizeof(*taken));
		if (!taken)
			return false;
		replay->taken = taken;
		replay->taken_capacity = capacity;
	}
	taken = &replay->taken[replay->taken_count];
	for (const struct vma_run *run = vma_map_at(replay->map, range->start);
	     run && run->start < range->end; run = vma_map_next(replay->map, run))
		count++;
	taken->seq = seq;
	taken->move = *move;
	taken->count = count;
	taken->runs = malloc((count + 1) * sizeof(*taken->runs));
	if (!taken->runs)
		return false;
	count = 0;
	for (const struct vma_run *run = vma_map_at(replay->map, range->start);
	     run && run->start < range->end; run = vma_map_next(replay->map, run)) {
		struct vma_run *copy = &taken->runs[count++];

		*copy = *run;
		if (copy->start < range->start)
			copy->start = range->start;
		if (copy->end > range->end)
			copy->end = range->end;
	}
	replay->taken_count++;
	return true;
}

static struct taken *taken_by(const struct replay *replay, uint64_t seq)
{
	for (size_t i = 0; i < replay->taken_count; i++) {
		if (replay->taken[i].seq == seq)
			return &replay->taken[i];
	}
	return NULL;
}

static void forget(struct replay *replay, struct taken *taken)
{
	free(taken->runs);
	*taken = replay->taken[--replay->taken_count];
}

/* --- the two halves ----------------------------------------------------------------------------------- */

/* At enter: what only the old range had goes. */
static bool release(struct replay *replay, const struct event *event, const struct move *move,
                    struct vma_change *change)
{
	struct page_range tail = { move->new.end, move->old.end };

	if (!move->in_place)
		return take(replay, event->seq, move) &&
		       vma_map_clear(replay->map, move->old.start, move->old.end);
	change_begin_removal(replay, change, &tail);
	return vma_map_clear(replay->map, tail.start, tail.end);
}

/* The run a distance further on: file pages keep their offset, so what is added to the address changes. */
static void shift(const struct replay *replay, struct vma_run *run, uint64_t distance, uint64_t seq)
{
	run->start += distance;
	run->end += distance;
	if (object_has_offsets(vma_map_object_at(replay->map, run->object)))
		run->delta -= distance;
	run->row = 0;
	run->changed_by = seq;
}

static void unlock(struct vma_run *run, const struct event *event)
{
	(void)event;
	run->map_flags &= (uint8_t)~RUN_LOCKED;
}

/* What was taken, as far as the new range goes; behind it new pages like the last of them. */
static bool place(struct replay *replay, const struct event *event, const struct taken *taken)
{
	const struct move *move = &taken->move;
	uint64_t distance = move->new.start - move->old.start;
	struct vma_run run;

	for (size_t i = 0; i < taken->count; i++) {
		run = taken->runs[i];
		shift(replay, &run, distance, event->seq);
		if (run.end > move->new.end)
			run.end = move->new.end;
		if (move->keeps_source) /* these are pages more, not the same ones elsewhere */
			run.created_by = event->seq;
		if (!vma_map_set(replay->map, &run))
			return false;
	}
	if (move->old.end + distance < move->new.end) {
		run = taken->runs[taken->count - 1];
		shift(replay, &run, distance, event->seq);
		run.start = move->old.end + distance;
		run.end = move->new.end;
		run.created_by = event->seq;
		if (!vma_map_set(replay->map, &run))
			return false;
	}
	return !move->keeps_source || replay_modify(replay, &move->old, unlock, event);
}

/* At exit: the new range gets what was taken. */
static bool acquire(struct replay *replay, const struct event *event, const struct taken *taken,
                    struct vma_change *change)
{
	const struct move *move = &taken->move;
	bool fixed = event->args[3] & MREMAP_FIXED;

	if (!taken->count || taken->runs[0].start != move->old.start) {
		replay_doubt(replay);
		/*
		 * Nothing there to move: where the base may show it moved already, it did. What made room
		 * for it there may have been done again since, so the base is asked anew.
		 */
		if (!replay->uncertain)
			return true;
		if (!replay_restore(replay, replay->base, &move->new))
			return false;
		replay->unseen |= replay_first_hole(replay, &move->new) < move->new.end;
		return true;
	}
	if (!fixed && replay_any_mapped(replay, &move->new))
		replay_doubt(replay);
	change_begin(replay, change, move->old.start == move->old.end ? CHANGE_CREATE : CHANGE_MOVE,
	             &move->new);
	change->old_start = move->old.start;
	return place(replay, event, taken) && replay_resync(replay, event, &move->new, change);
}

static bool grow(struct replay *replay, const struct event *event, const struct move *move,
                 struct vma_change *change)
{
	struct page_range tail = { move->old.end, move->new.end };
	const struct vma_run *last = vma_map_at(replay->map, tail.start - replay->page_bytes);
	struct vma_run run;

	if (tail.start >= tail.end)
		return true;
	if (!last || last->start >= tail.start) {
		replay_doubt(replay);
		return true;
	}
	if (replay_any_mapped(replay, &tail))
		replay_doubt(replay);
	run = *last;
	run.start = tail.start;
	run.end = tail.end;
	run.row = 0;
	run.created_by = event->seq;
	run.changed_by = event->seq;
	change_begin(replay, change, CHANGE_GROW, &tail);
	return vma_map_set(replay->map, &run);
}

/* A failed MREMAP_FIXED may have moved a part, or torn down its destination: the rows know. */
static bool failed(struct replay *replay, const struct event *event, struct vma_change *change)
{
	struct touch touch;

	event_touch(event, replay->page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		if (!replay_resync(replay, event, &touch.ranges[i], change))
			return false;
	}
	return true;
}

bool effect_moves(struct replay *replay, const struct event *event, enum order_half half,
                  struct vma_change *change)
{
	struct taken *taken = taken_by(replay, event->seq);
	struct move move;
	bool fine;

	if (event->failed)
		return failed(replay, event, change);
	if (!taken) {
		move = move_of(replay, event);
		if (half == ORDER_RELEASE)
			return release(replay, event, &move, change);
		if (move.in_place)
			return half == ORDER_ACQUIRE || grow(replay, event, &move, change);
		if (!take(replay, event->seq, &move)) /* the source stays */
			return false;
		taken = taken_by(replay, event->seq);
	}
	fine = acquire(replay, event, taken, change);
	forget(replay, taken);
	return fine;
}
