/*
 * overtaken.h: unmappings that may have been done before the base was read, and their pages mapped anew:
 *
 *     T1  munmap A ......................................... returns     its thread was not run for long
 *     T2              mmap = A
 *     base                        A is there: T2's
 *     replay                      munmap A, done again because it overlaps the base: T2's pages would be gone
 *
 * Only a ring that was lapped has such a base. An unmapping that overlaps the base is in doubt if a call that
 * mapped some of its pages since it entered had returned before the base, or if what happened since it entered is
 * not known. It is not applied; what the next snapshot behind it does not show goes then, but for pages that a call
 * touches that ran while that was read: they may be gone by that call, and wait for the next snapshot but one. An mremap
 * whose old range is in doubt was done before the base if that shows its new range.
 */
#ifndef VMATRACE_CORE_OVERTAKEN_H
#define VMATRACE_CORE_OVERTAKEN_H

#include "event.h"
#include "order.h"
#include "pages.h"
#include "implicit.h"
#include "replay.h"
#include "vma_map.h"

enum {
	OVERTAKEN_CALLS = 4096, /* of those before the base the newest so many are known */
	/* In doubt at a time. A call beyond is applied; what must wait once more, and cannot, stays as it is. Both count. */
	OVERTAKEN_RANGES = 1024,
};

struct overtaken_range {
	uint64_t moment; /* exit */
	struct page_range range;
};

struct overtaken_ranges {
	struct overtaken_range *items;
	size_t count;
};

struct overtaken {
	struct overtaken_range *mapped; /* by calls before the base; a ring */
	uint64_t mapped_count;
	struct overtaken_ranges doubtful; /* of unmappings */
	struct overtaken_ranges unseen;   /* new ranges of moves that the base missed */
	struct overtaken_ranges moved;    /* by an mremap that was done before; moment: its seq */
	uint64_t dropped;                 /* in doubt, and no room for it */
};

/* A call that returned before the base began. False: out of memory. */
bool overtaken_note(struct overtaken *overtaken, const struct event *event, uint32_t page_bytes);
/*
 * True if the call, which overlaps the base, is in doubt, or was found done before: the caller does not apply it,
 * nor its other half. map: as the base has it, and what was applied since.
 */
bool overtaken_keep(struct overtaken *overtaken, const struct ordered *ordered, uint64_t first_seq,
                    const struct vma_map *map);
/* A move whose pages the base does not show, see replay_unseen(): the next snapshot does. */
void overtaken_unseen(struct overtaken *overtaken, const struct event *event, uint32_t page_bytes);
/* True if the call is about such pages; if it moves them, they are where it moved them to. */
bool overtaken_meets_unseen(struct overtaken *overtaken, const struct event *event,
                            uint32_t page_bytes);
/*
 * What is in doubt and had returned before the snapshot began is settled by it. Adds to *racy how many moves it
 * had to tell about. What calls touch that ran while it was read, `uncertain`, waits for the next. False: out of memory.
 */
bool overtaken_settle(struct overtaken *overtaken, const struct snapshot *snapshot,
                      const struct uncertain *uncertain, struct replay *replay, uint32_t *racy);
void overtaken_release(struct overtaken *overtaken);

#endif
