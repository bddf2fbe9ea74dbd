/*
 * run_list_kept: the list as it was when it was kept. Of what is changed afterwards the runs are saved first, block by
 * block; out of these and of the blocks that nobody changed a list is made once somebody asks for it.
 */
#include <stdlib.h>

#include "run_list.h"

void run_list_keep(struct run_list *list)
{
	list->keeps = true;
	list->kept++;
	list->saved_count = 0;
}

void run_list_keep_none(struct run_list *list)
{
	list->keeps = false;
}

static bool save(struct run_list *list, struct block *block)
{
	if (list->saved_count + block->count > list->saved_room) {
		size_t room = 2 * (list->saved_count + block->count);
		struct vma_run *saved = reallocarray(list->saved, room, sizeof(*saved));

		if (!saved)
			return false;
		list->saved = saved;
		list->saved_room = room;
	}
	for (size_t i = 0; i < block->count; i++)
		list->saved[list->saved_count++] = *block_at(block, i);
	block->changed = list->kept;
	return true;
}

bool run_list_save_blocks(struct run_list *list, size_t first, size_t last)
{
	for (size_t i = first; i <= last && i < list->blocks; i++) {
		if (list->index[i].block->changed != list->kept &&
		    !save(list, list->index[i].block))
			return false;
	}
	return true;
}

static int compare_starts(const void *left, const void *right)
{
	const struct vma_run *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static bool add_last(struct run_list *list, const struct vma_run *run)
{
	const struct place end = { list->blocks, 0 };

	if (!run_list_reserve(list))
		return false;
	run_list_splice(list, end, end, run, 1);
	return true;
}

struct run_list *run_list_kept(struct run_list *list)
{
	struct run_list *kept = run_list_new();
	bool fine = kept != NULL;
	size_t saved = 0;

	if (kept)
		kept->pool.advise = list->pool.advise;
	if (list->saved_count)
		qsort(list->saved, list->saved_count, sizeof(*list->saved), compare_starts);
	for (size_t i = 0; fine && i < list->blocks; i++) {
		struct block *block = list->index[i].block;

		if (block->changed == list->kept)
			continue;
		while (fine && saved < list->saved_count &&
		       list->saved[saved].start < list->index[i].start)
			fine = add_last(kept, &list->saved[saved++]);
		for (size_t j = 0; fine && j < block->count; j++)
			fine = add_last(kept, block_at(block, j));
	}
	while (fine && saved < list->saved_count)
		fine = add_last(kept, &list->saved[saved++]);
	if (!fine) {
		run_list_free(kept);
		return NULL;
	}
	return kept;
}
