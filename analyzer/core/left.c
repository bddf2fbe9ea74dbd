/*
 * left: see the header. Between two snapshots there are few.
 */
#include "left.h"

#include <stdlib.h>

#include "pages.h"

bool left_add(struct left *left, const struct event *event)
{
	if (left->count == left->capacity) {
		size_t capacity = left->capacity ? 2 * left->capacity : 8;
		struct event *calls = reallocarray(left->calls, capacity, sizeof(*calls));

		if (!calls)
			return false;
		left->calls = calls;
		left->capacity = capacity;
	}
	left->calls[left->count++] = *event;
	return true;
}

static bool touches(const struct touch *a, const struct touch *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (page_ranges_overlap(&a->ranges[i], &b->ranges[j]))
				return true;
		}
	}
	return false;
}

bool left_excuses(const struct left *left, const struct event *event, uint32_t page_bytes)
{
	struct touch met, touch;

	event_touch(event, page_bytes, &met);
	for (size_t i = 0; i < left->count; i++) {
		event_touch(&left->calls[i], page_bytes, &touch);
		/* Where these two are, the call alone does not say. */
		if (left->calls[i].enter <= event->exit &&
		    (touch.anywhere || touch.attachment || touches(&touch, &met)))
			return true;
	}
	return false;
}

bool left_items(const struct left *left, const struct snapshot *snapshot, uint32_t page_bytes,
                struct uncertain *items)
{
	for (size_t i = 0; i < left->count; i++) {
		if (left->calls[i].exit < snapshot->begin &&
		    !uncertain_add(items, &left->calls[i], page_bytes))
			return false;
	}
	return true;
}

void left_settle(struct left *left, const struct snapshot *snapshot)
{
	size_t kept = 0;

	for (size_t i = 0; i < left->count; i++) {
		if (left->calls[i].exit >= snapshot->begin)
			left->calls[kept++] = left->calls[i];
	}
	left->count = kept;
}

void left_release(struct left *left)
{
	free(left->calls);
	*left = (struct left) { 0 };
}
