/*
 * row_parts: what one row is made of. Neighbours that look alike are one, whoever mapped them: a thread's stack
 * and the block of malloc above it are one row of /proc/PID/maps, with two kinds.
 *
 *     row       [ rw-p                                  )
 *     extents   [ pthread_create @27 )[ malloc @26 )[ malloc @31 )
 *     parts     [ thread-stack       )[ malloc-block             )
 *
 * Extents of one kind are one part, but for stacks: each of those has a thread of its own.
 */
#ifndef VMATRACE_CORE_ROW_PARTS_H
#define VMATRACE_CORE_ROW_PARTS_H

#include "kinds.h"

struct row_part {
	struct vma_row_info info; /* created_by: of its first extent */
	enum vma_kind kind;
	size_t row;     /* the row's number that it is a part of */
	size_t authors; /* how many events in turn mapped it */
};

/*
 * rows and extents: of one map (vma_map_rows(), vma_map_extents()), kinds: of the extents. parts: as many as there are
 * extents, in order of address. Returns how many there are; each row has one at least.
 */
size_t row_parts(const struct vma_row_info *rows, size_t count, const struct vma_row_info *extents,
                 const enum vma_kind *kinds, size_t extent_count, struct row_part *parts);

/*
 * Where the extents may be read to, in room for count parts: at its end, and the parts are written over them as they
 * are made. Of many mappings each would take more memory than knowing them takes.
 */
struct vma_row_info *row_parts_extents(struct row_part *parts, size_t count);

/* row_kinds[i]: what most of row i is, the lower part's of two that are alike. */
void row_parts_kinds(const struct row_part *parts, size_t count, enum vma_kind *row_kinds);

/* How many parts of the first one's row there are, from it on. */
size_t row_parts_length(const struct row_part *parts, size_t count);

/* In its row the first part of its kind: where a kind's VMAs are counted, only that one is. */
bool row_part_counts(const struct row_part *parts, size_t part);

#endif
