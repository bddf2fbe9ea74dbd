/*
 * overtaken: see the header.
 */
#include "overtaken.h"

#include <stdlib.h>

#include "call_table.h"

bool overtaken_note(struct overtaken *overtaken, const struct event *event, uint32_t page_bytes)
{
	enum call_effect effect = call_effect(event->call);
	struct touch touch;

	if (event->failed ||
	    (effect != EFFECT_MAPS && effect != EFFECT_MOVES && effect != EFFECT_ATTACHES))
		return true;
	if (!overtaken->mapped) {
		overtaken->mapped = calloc(OVERTAKEN_CALLS, sizeof(*overtaken->mapped));
		if (!overtaken->mapped)
			return false;
	}
	event_touch(event, page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++)
		overtaken->mapped[overtaken->mapped_count++ % OVERTAKEN_CALLS] =
			(struct overtaken_range) { event->exit, touch.ranges[i] };
	return true;
}

/* False if there is no room for one more. */
static bool keep(struct overtaken *overtaken, struct overtaken_ranges *ranges, uint64_t moment,
                 struct page_range range)
{
	struct overtaken_range *grown = ranges->items;

	/* Full at each power of two. */
	if (ranges->count < OVERTAKEN_RANGES && (ranges->count & (ranges->count - 1)) == 0)
		grown = reallocarray(grown, ranges->count ? 2 * ranges->count : 1, sizeof(*grown));
	if (!grown || ranges->count == OVERTAKEN_RANGES) {
		overtaken->dropped++;
		return false;
	}
	ranges->items = grown;
	grown[ranges->count++] = (struct overtaken_range) { moment, range };
	return true;
}

static bool is_in_doubt(const struct overtaken *overtaken, const struct event *event,
                        uint64_t first_seq, const struct page_range *range)
{
	uint64_t known = overtaken->mapped_count;

	if (event->enter < first_seq)
		return true;
	if (known > OVERTAKEN_CALLS) {
		known = OVERTAKEN_CALLS;
		if (event->enter <
		    overtaken->mapped[overtaken->mapped_count % OVERTAKEN_CALLS].moment)
			return true;
	}
	for (uint64_t i = 0; i < known; i++) {
		const struct overtaken_range *mapped = &overtaken->mapped[i];

		if (mapped->moment >= event->enter && page_ranges_overlap(&mapped->range, range))
			return true;
	}
	return false;
}

static bool all_mapped(const struct vma_map *map, struct page_range range)
{
	for (const struct vma_run *run = vma_map_at(map, range.start);
	     run && run->start <= range.start && range.start < range.end;
	     run = vma_map_next(map, run))
		range.start = run->end;
	return range.start >= range.end;
}

static bool keep_unmapping(struct overtaken *overtaken, const struct event *event,
                           uint64_t first_seq, uint32_t page_bytes)
{
	struct page_range range = page_range(event->args[0], event->args[1], page_bytes);

	return is_in_doubt(overtaken, event, first_seq, &range) &&
	       keep(overtaken, &overtaken->doubtful, event->exit, range);
}

static bool keep_move(struct overtaken *overtaken, const struct ordered *ordered,
                      uint64_t first_seq, const struct vma_map *map)
{
	const struct event *event = ordered->event;
	uint32_t page_bytes = vma_map_page_bytes(map);
	struct page_range old = page_range(event->args[0], event->args[1], page_bytes);
	struct page_range new = page_range(event->result, event->args[2], page_bytes);
	struct overtaken_ranges *moved = &overtaken->moved;

	for (size_t i = 0; i < moved->count; i++) {
		if (moved->items[i].moment != event->seq)
			continue;
		moved->items[i] = moved->items[--moved->count]; /* this is its other half */
		return true;
	}
	return ordered->half == ORDER_RELEASE && event->result != event->args[0] &&
	       is_in_doubt(overtaken, event, first_seq, &old) && all_mapped(map, new) &&
	       keep(overtaken, moved, event->seq, old);
}

bool overtaken_keep(struct overtaken *overtaken, const struct ordered *ordered, uint64_t first_seq,
                    const struct vma_map *map)
{
	const struct event *event = ordered->event;
	enum call_effect effect = call_effect(event->call);

	if (event->failed)
		return false;
	if (effect == EFFECT_UNMAPS)
		return keep_unmapping(overtaken, event, first_seq, vma_map_page_bytes(map));
	return effect == EFFECT_MOVES && keep_move(overtaken, ordered, first_seq, map);
}

/* Clears what of the range no row shows. */
static bool clear_unseen(struct vma_map *map, const struct snapshot *snapshot,
                         struct page_range range)
{
	for (size_t i = 0; i < snapshot->row_count && range.start < range.end; i++) {
		const struct vma_row *row = &snapshot->rows[i];

		if (row->end <= range.start)
			continue;
		if (row->start >= range.end)
			break;
		if (row->start > range.start && !vma_map_clear(map, range.start, row->start))
			return false;
		range.start = row->end;
	}
	return range.start >= range.end || vma_map_clear(map, range.start, range.end);
}

void overtaken_unseen(struct overtaken *overtaken, const struct event *event, uint32_t page_bytes)
{
	keep(overtaken, &overtaken->unseen, event->exit,
	     page_range(event->result, event->args[2], page_bytes));
}

bool overtaken_meets_unseen(struct overtaken *overtaken, const struct event *event,
                            uint32_t page_bytes)
{
	struct touch touch;
	bool meets = false;

	event_touch(event, page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		for (size_t j = 0; j < overtaken->unseen.count; j++)
			meets |= page_ranges_overlap(&overtaken->unseen.items[j].range,
			                             &touch.ranges[i]);
	}
	if (meets && !event->failed && call_effect(event->call) == EFFECT_MOVES)
		overtaken_unseen(overtaken, event, page_bytes);
	return meets;
}

/* A part of what had returned before the snapshot began. False: out of memory. */
typedef bool settle_fn(struct replay *replay, const struct snapshot *snapshot,
                       const struct page_range *part);

static bool settle_unmapping(struct replay *replay, const struct snapshot *snapshot,
                             const struct page_range *part)
{
	return clear_unseen(replay_map(replay), snapshot, *part);
}

/* The end of what begins at the address: of what such calls touch, or of what they do not. */
static uint64_t same_until(const struct uncertain *uncertain, uint64_t at, uint64_t end,
                           bool *touched)
{
	uint64_t touched_to = at, next = end;

	for (size_t i = 0; i < uncertain->count; i++) {
		const struct uncertain_item *item = &uncertain->items[i];

		if (item->kind != UNCERTAIN_RANGE)
			continue;
		if (item->start > at && item->start < next)
			next = item->start;
		if (item->start <= at && item->end > touched_to)
			touched_to = item->end;
	}
	*touched = touched_to > at;
	if (!*touched)
		return next;
	return touched_to < end ? touched_to : end;
}

/*
 * Settles the range by the snapshot, but for what calls that ran while it was read touch: such a call may have been
 * applied already, and the snapshot show what was before it; or it is yet to be, and the snapshot shows what it did. That
 * is left for the next one.
 */
static bool settle_parts(struct overtaken *overtaken, struct overtaken_ranges *ranges,
                         const struct overtaken_range *settled, const struct snapshot *snapshot,
                         const struct uncertain *uncertain, struct replay *replay, settle_fn *fn)
{
	struct page_range part = { settled->range.start, settled->range.start };
	bool touched;

	for (; part.end < settled->range.end; part.start = part.end) {
		part.end = same_until(uncertain, part.start, settled->range.end, &touched);
		if (!touched && !fn(replay, snapshot, &part))
			return false;
		/* One that cannot wait is counted once, however many calls are beside it. */
		if (touched && !keep(overtaken, ranges, settled->moment, part))
			return true;
	}
	return true;
}

/* Settles what is over, and counts it; the others are kept. */
static bool settle(struct overtaken *overtaken, struct overtaken_ranges *ranges,
                   const struct snapshot *snapshot, const struct uncertain *uncertain,
                   struct replay *replay, settle_fn *fn, uint32_t *settled)
{
	struct overtaken_ranges old = *ranges;
	bool fine = true;

	*ranges = (struct overtaken_ranges) { 0 };
	for (size_t i = 0; fine && i < old.count; i++) {
		const struct overtaken_range *item = &old.items[i];

		if (item->moment >= snapshot->begin) {
			keep(overtaken, ranges, item->moment, item->range);
			continue;
		}
		++*settled;
		fine = settle_parts(overtaken, ranges, item, snapshot, uncertain, replay, fn);
	}
	free(old.items);
	return fine;
}

bool overtaken_settle(struct overtaken *overtaken, const struct snapshot *snapshot,
                      const struct uncertain *uncertain, struct replay *replay, uint32_t *racy)
{
	uint32_t unmappings = 0; /* the events tell of them */

	return settle(overtaken, &overtaken->doubtful, snapshot, uncertain, replay,
	              settle_unmapping, &unmappings) &&
	       settle(overtaken, &overtaken->unseen, snapshot, uncertain, replay, replay_restore,
	              racy);
}

void overtaken_release(struct overtaken *overtaken)
{
	free(overtaken->mapped);
	free(overtaken->doubtful.items);
	free(overtaken->unseen.items);
	free(overtaken->moved.items);
	*overtaken = (struct overtaken) { 0 };
}
