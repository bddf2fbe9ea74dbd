/*
 * page_history: see the header. What is mapped of the pages is kept, so that a change over a range with
 * holes is known to have met them or not.
 */
#include "page_history.h"

#include <stdlib.h>

#include "call_table.h"

static bool add(struct page_history *history, const struct vma_run *run)
{
	if (history->count == history->capacity) {
		size_t capacity = history->capacity ? 2 * history->capacity : 8;
		struct page_state *now = reallocarray(history->now, capacity, sizeof(*now));

		if (!now)
			return false;
		history->now = now;
		history->capacity = capacity;
	}
	history->now[history->count++] = (struct page_state) {
		.start = run->start,
		.end = run->end,
		.prot = run->prot,
		.shared = run->shared,
		.internal = run->internal,
		.created_by = run->created_by,
		.changed_by = run->changed_by,
	};
	return true;
}

bool page_history_begin(struct page_history *history, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);

	history->count = 0;
	if (history->pages.end - history->pages.start > PAGE_HISTORY_EXACT)
		return true;
	for (const struct vma_run *run = vma_map_at(map, history->pages.start);
	     run && run->start < history->pages.end; run = vma_map_next(map, run)) {
		if (!add(history, run))
			return false;
	}
	return true;
}

/* The first of what is mapped in a range, of the pages asked for; or NULL. */
static const struct page_state *first_mapped(const struct page_history *history,
                                             const struct page_range *range)
{
	uint64_t start = history->pages.start > range->start ? history->pages.start : range->start;
	uint64_t end = history->pages.end < range->end ? history->pages.end : range->end;

	for (size_t i = 0; i < history->count; i++) {
		const struct page_state *state = &history->now[i];

		if (state->start < end && start < state->end && start < end)
			return state;
	}
	return NULL;
}

/* Where the pages were that a move took away. */
static struct page_range moved_from(const struct vma_change *change)
{
	struct page_range range = { 0, 0 };

	if (change->kind == CHANGE_MOVE)
		range = (struct page_range) { change->old_start,
			                      change->old_start + change->event->args[1] };
	return range;
}

static enum change_kind kind_for_pages(enum change_kind kind, bool before, bool after)
{
	switch (kind) {
	case CHANGE_SPLIT:
	case CHANGE_SHRINK:
		return CHANGE_REMOVE;
	case CHANGE_GROW:
	case CHANGE_MERGE:
	case CHANGE_CREATE:
		return before ? CHANGE_REPLACE : CHANGE_CREATE;
	case CHANGE_REPLACE: /* of some pages of its range, maybe of none of these */
		return before && after ? CHANGE_REPLACE : after ? CHANGE_CREATE : CHANGE_REMOVE;
	default:
		return kind;
	}
}

/* Of many pages what is mapped is not listed: the change is told as it was for its whole range. */
static void see_roughly(const struct vma_change *change, bool left, struct page_change *seen)
{
	seen->mapped_before = change->mapped_before;
	seen->mapped_after = change->mapped_after;
	seen->shared = change->shared;
	seen->prot_before = change->prot_before;
	seen->prot_after = change->prot_after;
	seen->happened = change->mapped_before || change->mapped_after || left;
	seen->kind = kind_for_pages(change->kind, change->mapped_before, change->mapped_after);
}

bool page_history_see(struct page_history *history, const struct walk *walk,
                      const struct vma_change *change, struct page_change *seen)
{
	const struct page_range range = { change->start, change->end };
	const struct page_range source = moved_from(change);
	const struct page_state *before, *left, *after;
	bool replaced, moved;

	*seen = (struct page_change) { .kind = change->kind };
	if (!page_ranges_overlap(&history->pages, &range) &&
	    !page_ranges_overlap(&history->pages, &source))
		return true;
	if (history->pages.end - history->pages.start > PAGE_HISTORY_EXACT) {
		see_roughly(change, source.start < source.end, seen);
		return true;
	}
	before = first_mapped(history, &range);
	left = first_mapped(history, &source);
	replaced = before != NULL;
	moved = left != NULL;
	if (before || left) {
		seen->mapped_before = true;
		seen->prot_before = before ? before->prot : left->prot;
		seen->shared = before ? before->shared : left->shared;
	}
	if (!page_history_begin(history, walk)) /* what was there before is read no more */
		return false;
	after = first_mapped(history, &range);
	if (after) {
		seen->mapped_after = true;
		seen->prot_after = after->prot;
		seen->shared = after->shared;
	}
	seen->happened = replaced || moved || after;
	seen->kind = kind_for_pages(change->kind, replaced, after != NULL);
	return true;
}

void page_history_release(struct page_history *history)
{
	free(history->now);
	history->now = NULL;
	history->count = history->capacity = 0;
}
