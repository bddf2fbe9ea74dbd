/*
 * page_history: of all changes of an address space those that happened to certain pages, told from the
 * pages' side: what splits a VMA removes a page or does nothing to it.
 *
 *     change          of the VMA        of a page inside      of a page beside
 *     munmap middle   split             remove                -
 *     mremap grows    grow              create                -
 *     mmap between    merge             create                -
 *     mremap moves    move              move (to or from)     -
 *
 * It follows a walk: page_history_begin() before the first change, page_history_see() at each. Owner: the
 * caller; _release frees the contents.
 */
#ifndef VMATRACE_CORE_PAGE_HISTORY_H
#define VMATRACE_CORE_PAGE_HISTORY_H

#include "pages.h"
#include "walk.h"

/*
 * Of more bytes than this what is mapped is not listed at each change: a change counts if it met anything at
 * all in its range, be it beside the pages.
 */
#define PAGE_HISTORY_EXACT (16ull << 20)

/* A run of the pages asked for, as it is after a change. */
struct page_state {
	uint64_t start;
	uint64_t end;
	uint8_t prot;
	bool shared;
	bool internal;
	uint64_t created_by;
	uint64_t changed_by;
};

struct page_history {
	struct page_range pages; /* asked for, half-open */
	struct page_state *now;  /* what is mapped of them */
	size_t count;
	size_t capacity;
};

/* What a change was for the pages. */
struct page_change {
	bool happened; /* to some of them; the rest is only known then */
	enum change_kind kind;
	/* Of the first page that it met, of those asked for: not what the rest of them have. */
	bool mapped_before;
	bool mapped_after;
	bool shared; /* as it is after the change, or was where nothing is */
	uint8_t prot_before;
	uint8_t prot_after;
};

/* Reads the map. False: out of memory. */
bool page_history_begin(struct page_history *history, const struct walk *walk);
/* Must be called for every change of the walk, with the map as it is after the change. False: out of memory. */
bool page_history_see(struct page_history *history, const struct walk *walk,
                      const struct vma_change *change, struct page_change *seen);
void page_history_release(struct page_history *history);

#endif
