/*
 * labels: see the header.
 */
#include "labels.h"

#include <string.h>

/* Anonymous memory, named or not: what a label may stand on. */
static bool may_be_labelled(const struct vma_row *row)
{
	return !row->inode && !row->dev_major && !row->dev_minor &&
	       (!*row->name || strncmp(row->name, "[anon:", strlen("[anon:")) == 0);
}

/* fs/proc/task_mmu.c: the heap is what overlaps [start_brk, brk), the stack what holds start_stack. */
void labels_put(struct vma_row_info *rows, size_t count, const struct label_places *places)
{
	uint64_t start_stack = places->start_stack;

	for (size_t i = 0; i < count; i++) {
		struct vma_row *row = &rows[i].row;

		if (!may_be_labelled(row))
			continue;
		if (row->start < places->brk && row->end > places->start_brk)
			row->name = "[heap]";
		else if (start_stack && row->start <= start_stack && start_stack <= row->end)
			row->name = "[stack]";
	}
}
