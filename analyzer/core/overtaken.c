/*
 * overtaken: see the header.
 */
#include "overtaken.h"

#include <stdlib.h>
#include <string.h>

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

	if (overtaken->doubtful_count == OVERTAKEN_RANGES ||
	    !is_in_doubt(overtaken, event, first_seq, &range))
		return false;
	overtaken->doubtful[overtaken->doubtful_count++] =
		(struct overtaken_range) { event->exit, range };
	return true;
}

static bool keep_move(struct overtaken *overtaken, const struct ordered *ordered,
                      uint64_t first_seq, const struct vma_map *map)
{
	const struct event *event = ordered->event;
	uint32_t page_bytes = vma_map_page_bytes(map);
	struct page_range old = page_range(event->args[0], event->args[1], page_bytes);
	struct page_range new = page_range(event->result, event->args[2], page_bytes);

	for (size_t i = 0; i < overtaken->moved_count; i++) {
		if (overtaken->moved[i] == event->seq)
			return true;
	}
	if (ordered->half != ORDER_RELEASE || event->result == event->args[0] ||
	    overtaken->moved_count == OVERTAKEN_RANGES ||
	    !is_in_doubt(overtaken, event, first_seq, &old) || !all_mapped(map, new))
		return false;
	overtaken->moved[overtaken->moved_count++] = event->seq;
	return true;
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
	if (overtaken->unseen_count < OVERTAKEN_RANGES)
		overtaken->unseen[overtaken->unseen_count++] = (struct overtaken_range) {
			event->exit, page_range(event->result, event->args[2], page_bytes)
		};
}

bool overtaken_meets_unseen(struct overtaken *overtaken, const struct event *event,
                            uint32_t page_bytes)
{
	struct touch touch;
	bool meets = false;

	event_touch(event, page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		for (size_t j = 0; j < overtaken->unseen_count; j++)
			meets |= page_ranges_overlap(&overtaken->unseen[j].range, &touch.ranges[i]);
	}
	if (meets && !event->failed && call_effect(event->call) == EFFECT_MOVES)
		overtaken_unseen(overtaken, event, page_bytes);
	return meets;
}

/* One that returned before the snapshot began. False: out of memory. */
typedef bool settle_fn(struct replay *replay, const struct snapshot *snapshot,
                       const struct page_range *range);

static bool settle_unmapping(struct replay *replay, const struct snapshot *snapshot,
                             const struct page_range *range)
{
	return clear_unseen(replay_map(replay), snapshot, *range);
}

/* Settles what is over; the others are kept. */
static bool settle(struct overtaken_range *ranges, size_t *count, const struct snapshot *snapshot,
                   struct replay *replay, settle_fn *fn)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (ranges[i].moment >= snapshot->begin)
			ranges[kept++] = ranges[i];
		else if (!fn(replay, snapshot, &ranges[i].range))
			return false;
	}
	*count = kept;
	return true;
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
 * Restores the range as the snapshot shows it, but for what calls that ran while it was read touch: such a call may have
 * been applied already, and the snapshot show what was before it. That is left for the next one.
 */
static bool settle_unseen(struct overtaken *overtaken, const struct overtaken_range *unseen,
                          const struct snapshot *snapshot, const struct uncertain *uncertain,
                          struct replay *replay)
{
	struct page_range part = { unseen->range.start, unseen->range.start };
	bool touched;

	for (; part.end < unseen->range.end; part.start = part.end) {
		part.end = same_until(uncertain, part.start, unseen->range.end, &touched);
		if (!touched && !replay_restore(replay, snapshot, &part))
			return false;
		if (!touched)
			continue;
		if (overtaken->unseen_count == OVERTAKEN_RANGES)
			return true;
		overtaken->unseen[overtaken->unseen_count++] =
			(struct overtaken_range) { unseen->moment, part };
	}
	return true;
}

bool overtaken_settle(struct overtaken *overtaken, const struct snapshot *snapshot,
                      const struct uncertain *uncertain, struct replay *replay, uint32_t *racy)
{
	struct overtaken_range unseen[OVERTAKEN_RANGES];
	size_t count = overtaken->unseen_count;

	if (!settle(overtaken->doubtful, &overtaken->doubtful_count, snapshot, replay,
	            settle_unmapping))
		return false;
	memcpy(unseen, overtaken->unseen, count * sizeof(*unseen));
	overtaken->unseen_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (unseen[i].moment >= snapshot->begin) {
			if (overtaken->unseen_count < OVERTAKEN_RANGES)
				overtaken->unseen[overtaken->unseen_count++] = unseen[i];
			continue;
		}
		++*racy;
		if (!settle_unseen(overtaken, &unseen[i], snapshot, uncertain, replay))
			return false;
	}
	return true;
}

void overtaken_release(struct overtaken *overtaken)
{
	free(overtaken->mapped);
	*overtaken = (struct overtaken) { 0 };
}
