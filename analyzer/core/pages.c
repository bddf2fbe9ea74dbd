/*
 * pages: one function for each effect that touches pages, chosen by table.
 */
#include "pages.h"

#include <sys/mman.h>
#include <sys/shm.h>

#include "call_table.h"

typedef void touch_fn(const struct event *event, uint32_t page_bytes, struct touch *touch);

uint64_t page_floor(uint64_t address, uint32_t page_bytes)
{
	return address & ~(uint64_t)(page_bytes - 1);
}

uint64_t page_ceil(uint64_t address, uint32_t page_bytes)
{
	uint64_t up;

	if (__builtin_add_overflow(address, page_bytes - 1, &up))
		up = UINT64_MAX;
	return page_floor(up, page_bytes);
}

struct page_range page_range(uint64_t start, uint64_t length, uint32_t page_bytes)
{
	struct page_range range = { 0, 0 };
	uint64_t end;

	if (!length || __builtin_add_overflow(start, length, &end))
		return range;
	range.start = page_floor(start, page_bytes);
	range.end = page_ceil(end, page_bytes);
	return range;
}

bool page_ranges_overlap(const struct page_range *a, const struct page_range *b)
{
	return a->start < b->end && b->start < a->end;
}

static void add(struct touch *touch, enum touch_role role, uint64_t start, uint64_t length,
                uint32_t page_bytes)
{
	struct page_range range = page_range(start, length, page_bytes);

	if (range.start == range.end)
		return;
	touch->roles[touch->count] = role;
	touch->ranges[touch->count++] = range;
}

/* A mapping call is at its result; failed or in flight it is where it had to be, or nowhere yet. */
static void add_mapping(const struct event *event, bool fixed, uint64_t address, uint64_t length,
                        uint32_t page_bytes, struct touch *touch)
{
	enum touch_role role = fixed ? TOUCH_REPLACES : TOUCH_PLACES;

	if (!event->failed && !event->in_flight)
		add(touch, role, event->result, length, page_bytes);
	else if (fixed)
		add(touch, role, address, length, page_bytes);
	else if (event->in_flight)
		touch->anywhere = page_ceil(length, page_bytes);
}

static void touch_mmap(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	bool fixed = event->args[3] & MAP_FIXED && !(event->args[3] & MAP_FIXED_NOREPLACE);

	add_mapping(event, fixed, event->args[0], event->args[1], page_bytes, touch);
}

static void touch_munmap(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	if (!event->failed)
		add(touch, TOUCH_RELEASES, event->args[0], event->args[1], page_bytes);
}

/* Attributes: a failed call may have changed the pages before the one it failed at. */
static void touch_range(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	add(touch, TOUCH_CHANGES, event->args[0], event->args[1], page_bytes);
}

static void touch_named(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	add(touch, TOUCH_CHANGES, event->args[2], event->args[3], page_bytes);
}

static void touch_remap(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	if (!event->failed)
		add(touch, TOUCH_REPLACES, event->args[0], event->args[1], page_bytes);
}

static void add_break(uint64_t old, uint64_t new, uint32_t page_bytes, struct touch *touch)
{
	old = page_ceil(old, page_bytes);
	new = page_ceil(new, page_bytes);
	if (old < new)
		add(touch, TOUCH_PLACES, old, new - old, page_bytes);
	else
		add(touch, TOUCH_RELEASES, new, old - new, page_bytes);
}

static void touch_break(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	uint64_t new = event->in_flight ? event->args[0] : event->result;

	if (event->args[1] && new)
		add_break(event->args[1], new, page_bytes, touch);
}

static void touch_sbrk(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	int64_t increment = (int64_t)event->args[0];

	if (event->in_flight)
		touch->anywhere = increment > 0 ? page_ceil((uint64_t)increment, page_bytes) : 0;
	else if (!event->failed)
		add_break(event->result, event->result + event->args[0], page_bytes, touch);
}

static void touch_mremap(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	bool fixed = event->args[3] & MREMAP_FIXED;
	bool moved = !event->failed && !event->in_flight && event->result != event->args[0];
	bool keeps = event->args[3] & MREMAP_DONTUNMAP;

	uint64_t old_bytes = event->args[1];

	if (event->failed && !fixed)
		return;
	/* In flight it may be growing where it is, as well as anywhere. */
	if (event->in_flight && !fixed && event->args[2] > old_bytes)
		old_bytes = event->args[2];
	add(touch, moved && !keeps ? TOUCH_RELEASES : TOUCH_REPLACES, event->args[0], old_bytes,
	    page_bytes);
	add_mapping(event, fixed || (!moved && !event->in_flight), event->args[4], event->args[2],
	            page_bytes, touch);
}

static void touch_shmat(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	if (!event->failed)
		add_mapping(event, event->args[2] & SHM_REMAP, event->args[1], event->args[3],
		            page_bytes, touch);
}

static void touch_shmdt(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	if (event->failed)
		return;
	add(touch, TOUCH_RELEASES, event->args[0], page_bytes, page_bytes);
	touch->attachment = event->args[0];
}

static const struct {
	touch_fn *fn;
	bool visible;
} touches[EFFECT_COUNT] = {
	[EFFECT_MAPS] = { touch_mmap, true },         [EFFECT_UNMAPS] = { touch_munmap, true },
	[EFFECT_PROTECTS] = { touch_range, true },    [EFFECT_SETS_BREAK] = { touch_break, true },
	[EFFECT_MOVES_BREAK] = { touch_sbrk, true },  [EFFECT_MOVES] = { touch_mremap, true },
	[EFFECT_ATTACHES] = { touch_shmat, true },    [EFFECT_DETACHES] = { touch_shmdt, true },
	[EFFECT_REMAPS_FILE] = { touch_remap, true }, [EFFECT_ADVISES] = { touch_range, false },
	[EFFECT_LOCKS] = { touch_range, false },      [EFFECT_UNLOCKS] = { touch_range, false },
	[EFFECT_BINDS] = { touch_range, false },      [EFFECT_SEALS] = { touch_range, false },
	[EFFECT_NAMES] = { touch_named, true },
};

void event_touch(const struct event *event, uint32_t page_bytes, struct touch *touch)
{
	enum call_effect effect = call_effect(event->call);

	*touch = (struct touch) { .visible = touches[effect].visible };
	if (touches[effect].fn)
		touches[effect].fn(event, page_bytes, touch);
}

bool mremap_releases(const struct event *event, uint32_t page_bytes)
{
	uint64_t old_bytes = page_ceil(event->args[1], page_bytes);

	if (event->args[3] & MREMAP_DONTUNMAP || !old_bytes)
		return false;
	return event->result != event->args[0] || page_ceil(event->args[2], page_bytes) < old_bytes;
}
