/*
 * run_list.h: a sorted array of runs in blocks of one page each, with an index of the blocks: a 2-level tree
 * without the tree. Lookup is two binary searches; a change moves a few cache lines inside one block. It
 * beats a red-black tree by 2-3 times at 10^5 runs, and a run needs no links.
 *
 *     index    [ start | block ][ start | block ] ...
 *     block    [ run run run ... ]          never empty, at most BLOCK_RUNS
 *
 * Part of vma_map, which knows what the runs mean; here they are only sorted and disjoint. What it asks at every
 * step is inline, the structure open to it for that alone.
 */
#ifndef VMATRACE_CORE_RUN_LIST_H
#define VMATRACE_CORE_RUN_LIST_H

#include "vma_map.h"

enum {
	SPLICE_RUNS = 3,
	BLOCK_RUNS = 28, /* 64 bytes each, and their ends: a block is half a page */
};

struct block {
	uint64_t ends[BLOCK_RUNS]; /* of the runs, side by side: a search meets few cache lines */
	struct vma_run runs[BLOCK_RUNS];
};

struct index_entry {
	struct block *block;
	size_t count; /* of its runs */
};

/* A run by its place; the end of the list has the number of blocks and 0. */
struct place {
	size_t block;
	size_t at;
};

struct run_list {
	struct index_entry *index;
	uint64_t *starts; /* of the first run of each block, so that a search stays in the index */
	size_t blocks;
	size_t capacity;
	struct block *spare;      /* what the next split will use */
	struct place *last_found; /* one event asks for the same place again and again */
};

struct run_list *run_list_new(void);
void run_list_free(struct run_list *list);
/* The structure itself: no empty block, no full index, starts as they should be. */
bool run_list_check(const struct run_list *list);

/* run_list_find() where it is not where one looked last. */
struct place run_list_search(const struct run_list *list, uint64_t address);

/* The first run that ends above address. */
static inline struct place run_list_find(const struct run_list *list, uint64_t address)
{
	struct place place = *list->last_found;

	if (place.block < list->blocks && place.at && place.at < list->index[place.block].count) {
		const uint64_t *ends = list->index[place.block].block->ends;

		if (ends[place.at - 1] <= address && address < ends[place.at])
			return place;
	}
	return run_list_search(list, address);
}

/* NULL at the end. Valid until the next splice. */
static inline struct vma_run *run_list_at(const struct run_list *list, struct place place)
{
	return place.block < list->blocks ? &list->index[place.block].block->runs[place.at] : NULL;
}

/* Of a place that is not the end. */
static inline struct place place_next(const struct run_list *list, struct place place)
{
	if (++place.at == list->index[place.block].count)
		place = (struct place) { place.block + 1, 0 };
	return place;
}

/* Of a place that is not the first. */
static inline struct place place_before(const struct run_list *list, struct place place)
{
	if (place.at)
		return (struct place) { place.block, place.at - 1 };
	return (struct place) { place.block - 1, list->index[place.block - 1].count - 1 };
}

static inline struct vma_run *run_list_before(const struct run_list *list, struct place place)
{
	return place.block || place.at ? run_list_at(list, place_before(list, place)) : NULL;
}

/* The one behind a run of the list, or NULL. */
static inline const struct vma_run *run_list_next(const struct run_list *list,
                                                  const struct vma_run *run)
{
	struct place place = run_list_find(list, run->end - 1);

	place = place_next(list, place);
	if (place.block < list->blocks)
		*list->last_found = place;
	return run_list_at(list, place);
}

/* Makes the next splice sure to succeed, or returns false: out of memory. */
bool run_list_reserve(struct run_list *list);
/* [from, to) give way to runs[0 .. count), at most SPLICE_RUNS, which lie in the gap that leaves. */
void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count);

#endif
