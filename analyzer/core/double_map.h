/*
 * double_map: memory that is writable by one mapping and executable by another. No mapping of the two is both, and
 * yet what is written there can be run.
 *
 *     file pages    [ 0       1       2       3 ]
 *     rw-s           |-------------------|
 *     r-xp or r-xs           |-----------|             pages 1 and 2: writable and executable at once
 *
 * Only a shared mapping writes to the file's pages; a private one takes copies. Files, memfds, shm objects and
 * segments are told apart by device and inode; shared anonymous memory whose inode is not known is left out.
 *
 * It follows a walk: double_map_begin() at its base, double_map_see() at each change. Owner: the caller;
 * double_map_release() frees the contents; all 0 is empty.
 */
#ifndef VMATRACE_CORE_DOUBLE_MAP_H
#define VMATRACE_CORE_DOUBLE_MAP_H

#include "file_spans.h"
#include "number_table.h"
#include "pages.h"
#include "walk.h"

struct double_map {
	const struct walk *walk;
	struct number_table inodes; /* of files with such rights: 1, 2, ... */
	struct number_table devices;
	struct number_table pairs; /* of both numbers: 1, 2, ... of files */
	struct mapped_file *files;
	size_t file_count;
	size_t file_room;
	struct file_spans
		spans; /* that were mapped so, by file; what is none any more goes when it is met, or all is */
	uint32_t round;     /* of noting all anew */
	size_t noted_again; /* runs, since all were noted anew */
	size_t spans_limit; /* which they are behind so many of either */
};

/* Reads the map. False: out of memory. */
bool double_map_begin(struct double_map *doubles, const struct walk *walk);
/*
 * One change, with the map as it is after it. *found: it gave memory one of the two rights that has the other by
 * another mapping; *here is what of the change's pages, *there the same pages by the other mapping; else *found is
 * false. Memory that has both by one mapping is left out. False: out of memory.
 */
bool double_map_see(struct double_map *doubles, const struct vma_change *change, bool *found,
                    struct page_range *here, struct page_range *there);
void double_map_release(struct double_map *doubles);

/* Changes that give memory its rights; the others leave them as they were. */
bool change_gives_rights(enum change_kind kind);

#endif
