/*
 * pages.h: which pages a call touches, as its arguments and its result say. order uses it to find calls that
 * race, replay for the range that rows read after a call speak about, walk for what a snapshot cannot know.
 */
#ifndef VMATRACE_CORE_PAGES_H
#define VMATRACE_CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* Half-open, page-aligned; empty if start == end. */
struct page_range {
	uint64_t start;
	uint64_t end;
};

enum { TOUCH_LIMIT = 2 };

/* What a call does to the pages of one of its ranges. */
enum touch_role {
	TOUCH_CHANGES,  /* attributes of pages that stay mapped */
	TOUCH_RELEASES, /* unmaps them */
	TOUCH_PLACES,   /* maps them where the kernel found them free */
	TOUCH_REPLACES, /* maps them whatever was there, or a bit of everything */
};

/*
 * What one call touches. A mapping call in flight has pages but no place yet: `anywhere` is their length.
 * shmdt touches all of an attachment, wherever its pages are: `attachment` is the address it was given.
 * visible: the call may change what /proc/PID/maps shows. A call that failed and cannot have changed
 * anything touches nothing.
 */
struct touch {
	struct page_range ranges[TOUCH_LIMIT];
	enum touch_role roles[TOUCH_LIMIT];
	size_t count;
	uint64_t anywhere;
	uint64_t attachment;
	bool visible;
};

uint64_t page_floor(uint64_t address, uint32_t page_bytes);
/* Saturates at the last page boundary. */
uint64_t page_ceil(uint64_t address, uint32_t page_bytes);
/* Empty if length is 0 or the range wraps. */
struct page_range page_range(uint64_t start, uint64_t length, uint32_t page_bytes);
bool page_ranges_overlap(const struct page_range *a, const struct page_range *b);

void event_touch(const struct event *event, uint32_t page_bytes, struct touch *touch);

/* The parts of a successful mremap that both the ordering and the replay look at. */
bool mremap_releases(const struct event *event, uint32_t page_bytes);

#endif
