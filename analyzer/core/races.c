/*
 * races: a list of the latest calls that touched pages, as far back as the newest event reaches in time.
 */
#include "races.h"

#include <stdlib.h>

#include "pages.h"

struct recent {
	uint64_t enter;
	uint64_t exit;
	struct touch touch;
	uint32_t slot;
	bool changes; /* attributes: of two calls that do not, neither is racy */
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

/*
 * True if between the release and the attribute call somebody else got all the pages that both touch: an
 * acquire that returned before the one entered and after the other did. The release came before it, and so
 * before the attribute call, whenever it returned.
 */
static bool settled(const struct races *races, const struct recent *release,
                    const struct page_range *released, const struct recent *attribute,
                    const struct page_range *range)
{
	struct page_range both = {
		released->start > range->start ? released->start : range->start,
		released->end < range->end ? released->end : range->end,
	};

	for (size_t i = races->count; i && races->recent[i - 1].exit >= release->enter; i--) {
		const struct recent *acquire = &races->recent[i - 1];

		if (acquire->exit >= attribute->enter)
			continue;
		for (size_t j = 0; j < acquire->touch.count; j++) {
			if (acquire->touch.roles[j] == TOUCH_PLACES &&
			    acquire->touch.ranges[j].start <= both.start &&
			    acquire->touch.ranges[j].end >= both.end)
				return true;
		}
	}
	return false;
}

/* True if `attribute` changes pages that `other` touches too, in an order that nobody knows. */
static bool is_racy(const struct races *races, const struct recent *attribute,
                    const struct recent *other)
{
	for (size_t i = 0; i < attribute->touch.count; i++) {
		const struct page_range *range = &attribute->touch.ranges[i];

		if (attribute->touch.roles[i] != TOUCH_CHANGES)
			continue;
		for (size_t j = 0; j < other->touch.count; j++) {
			const struct page_range *touched = &other->touch.ranges[j];

			/* What the kernel placed there was free: the pages had a release in between. */
			if (other->touch.roles[j] == TOUCH_PLACES ||
			    !page_ranges_overlap(range, touched))
				continue;
			if (other->touch.roles[j] != TOUCH_RELEASES ||
			    !settled(races, other, touched, attribute, range))
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
               void (*mark)(void *context, uint32_t slot), void *context)
{
	bool changes = false;
	struct recent *added;

	/* Each call was alone from its enter to its exit: none is met by another, whatever it touches. */
	if (!races->window)
		return true;
	if (!reserve(races, event->exit))
		return false;
	added = &races->recent[races->count];
	event_touch(event, page_bytes, &added->touch);
	if (!added->touch.count)
		return true;
	for (size_t i = 0; i < added->touch.count; i++)
		changes |= added->touch.roles[i] == TOUCH_CHANGES;
	added->enter = event->enter;
	added->exit = event->exit;
	added->slot = slot;
	added->changes = changes;
	for (size_t i = races->count; i && races->recent[i - 1].exit >= event->enter; i--) {
		const struct recent *recent = &races->recent[i - 1];

		if (!recent->changes && !changes)
			continue;
		if (is_racy(races, recent, added))
			mark(context, recent->slot);
		if (is_racy(races, added, recent))
			mark(context, slot);
	}
	races->count++;
	return true;
}
