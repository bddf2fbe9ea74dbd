/*
 * compare.h: the model held against rows of the kernel's own list, page by page. A difference is a range in
 * which the model says one thing and the kernel another, each the same over the whole range:
 *
 *     model     [ rw-         )          [ r-- )
 *     kernel    [ rw- )[ r-- )                  [ rw- )
 *     differ           [  1  )           [  2  )[  3  )
 *
 * Where rows overlap (Linux >= 6.17 reads a VMA at a time) the lower one speaks for the common pages: they
 * differ only where a call changed them during the read.
 *
 * Owner: the caller releases the list. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_COMPARE_H
#define VMATRACE_CORE_COMPARE_H

#include "event.h"
#include "vma_map.h"

struct difference {
	uint64_t start;
	uint64_t end;
	bool mapped_before; /* in the model */
	bool mapped_after;  /* in the kernel */
	bool renamed; /* nothing differs but the file's name: renamed or unlinked, no change of the map */
	struct vma_run before; /* the first run of the range */
	struct vma_run
		after; /* the row; what rows do not tell is 0 and may be set before applying */
};

struct differences {
	struct difference *items;
	size_t count;
	size_t capacity;
};

/* Appends what differs in [start, end). rows: in address order; those outside the range do not matter. */
bool compare_rows(struct vma_map *map, uint64_t start, uint64_t end, const struct vma_row *rows,
                  size_t row_count, struct differences *differences);
bool differences_add(struct differences *differences, const struct difference *difference);
void differences_release(struct differences *differences);

/* Makes the model say what the kernel does. Pages that stay the same thing keep their creator. */
bool difference_apply(struct vma_map *map, const struct difference *difference, uint64_t seq);

#endif
