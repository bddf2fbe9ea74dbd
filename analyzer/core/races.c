/*
 * races: a list of the latest calls that touched pages, as far back as the newest event reaches in time.
 */
#include "races.h"

#include <stdlib.h>

#include "pages.h"

struct recent {
	uint64_t seq;
	uint64_t exit;
	struct page_range ranges[TOUCH_LIMIT];
	uint32_t count;
	uint32_t slot;
	bool attributes;
};

struct races {
	struct recent *recent; /* by rising exit */
	size_t count;
	size_t capacity;
	uint64_t window; /* no event reaches further back than this from its exit */
};

struct races *races_new(uint64_t window)
{
	struct races *races = calloc(1, sizeof(*races));

	if (races)
		races->window = window;
	return races;
}

void races_free(struct races *races)
{
	if (!races)
		return;
	free(races->recent);
	free(races);
}

static bool same_pages(const struct recent *recent, const struct touch *touch)
{
	for (size_t i = 0; i < recent->count; i++) {
		for (size_t j = 0; j < touch->count; j++) {
			if (page_ranges_overlap(&recent->ranges[i], &touch->ranges[j]))
				return true;
		}
	}
	return false;
}

/* Room for one more: first by forgetting the older half, if no later event can reach it. */
static bool reserve(struct races *races, uint64_t exit)
{
	size_t capacity = races->capacity ? 2 * races->capacity : 64;
	size_t half = races->count / 2;
	struct recent *recent;

	if (races->count < races->capacity)
		return true;
	if (half && exit - races->recent[half].exit > races->window) {
		races->count -= half;
		for (size_t i = 0; i < races->count; i++)
			races->recent[i] = races->recent[half + i];
		return true;
	}
	recent = reallocarray(races->recent, capacity, sizeof(*recent));
	if (!recent)
		return false;
	races->recent = recent;
	races->capacity = capacity;
	return true;
}

bool races_add(struct races *races, const struct event *event, uint32_t slot, uint32_t page_bytes,
               void (*mark)(void *context, uint32_t slot, uint64_t seq), void *context)
{
	struct recent *added;
	struct touch touch;

	event_touch(event, page_bytes, &touch);
	if (!touch.count || touch.placed)
		return true;
	for (size_t i = races->count; i && races->recent[i - 1].exit >= event->enter; i--) {
		const struct recent *recent = &races->recent[i - 1];

		if (!(recent->attributes || touch.attributes) || !same_pages(recent, &touch))
			continue;
		if (recent->attributes)
			mark(context, recent->slot, recent->seq);
		if (touch.attributes)
			mark(context, slot, event->seq);
	}
	if (!reserve(races, event->exit))
		return false;
	added = &races->recent[races->count++];
	*added = (struct recent) {
		.seq = event->seq,
		.exit = event->exit,
		.count = (uint32_t)touch.count,
		.slot = slot,
		.attributes = touch.attributes,
	};
	for (size_t i = 0; i < touch.count; i++)
		added->ranges[i] = touch.ranges[i];
	return true;
}
