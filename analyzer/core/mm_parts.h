/*
 * mm_parts: what an address space is made of: by kind of memory, and by the object or file that lies there.
 * Parts of one sum: together they are total_vm and map_count of mm.h, [vsyscall] left out as there.
 */
#ifndef VMATRACE_CORE_MM_PARTS_H
#define VMATRACE_CORE_MM_PARTS_H

#include "row_parts.h"

struct mm_part {
	const char *name; /* borrowed */
	uint64_t vmas;
	uint64_t bytes;
};

/*
 * parts: KIND_COUNT of them; those that are there, the largest first. Returns how many. *more: by how much the VMAs are
 * more than the rows, because one that is of several kinds is counted with each.
 */
size_t mm_parts_by_kind(const struct row_part *row_parts, size_t count, struct mm_part *parts,
                        uint64_t *more);

/*
 * parts: as many as there are rows. Of each file what it has mapped, its bss and its gaps; memory of no file has
 * no part. The largest first. Returns how many.
 */
size_t mm_parts_by_file(const struct vma_row_info *rows, const enum vma_kind *kinds, size_t count,
                        struct mm_part *parts);

#endif
