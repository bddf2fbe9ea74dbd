/*
 * run_list.h: a sorted array of runs in blocks of one page each, with an index of the blocks: a 2-level tree
 * without the tree. Lookup is two binary searches. A run stays where it lies, a cache line of its own, while
 * others come and go around it: what a change moves are ends and slots. It beats a red-black tree by 2-3 times at
 * 10^5 runs, and a run needs no links.
 *
 *     index    [ start | block ][ start | block ] ...
 *     block    ends  [ 20 | 35 | 40 ]       never empty, at most BLOCK_RUNS
 *              slots [  2 |  0 |  1 | 3 ... ]   where each lies; behind the last those that are free
 *              runs  [ 30-35 | 35-40 | 10-20 | ... ]
 *
 * Part of vma_map, which knows what the runs mean; here they are only sorted and disjoint. What it asks at every
 * step is inline, the structure open to it for that alone.
 */
#ifndef VMATRACE_CORE_RUN_LIST_H
#define VMATRACE_CORE_RUN_LIST_H

#include "piece_pool.h"
#include "vma_map.h"

enum {
	SPLICE_RUNS = 2,
	BLOCK_RUNS = 56, /* 64 bytes each, their ends and slots: a block is a page */
	LINE_BYTES = 64, /* of the processor's cache; only speed depends on it */
	HINTS = 64,
	EXPECTED = 8,       /* from the first step to the second */
	LARGE_BLOCKS = 512, /* so many stay in the cache by themselves */
};

struct block {
	uint64_t ends[BLOCK_RUNS]; /* in order, side by side: a search meets few cache lines */
	uint8_t slots[BLOCK_RUNS]; /* always a permutation of all */
	uint64_t changed;          /* the kept state that was the last when it was changed */
	_Alignas(LINE_BYTES) struct vma_run runs[BLOCK_RUNS];
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
	struct piece_pool pool;   /* of the blocks */
	struct block *spare;      /* what the next split will use */
	struct place *last_found; /* one event asks for the same place again and again */
	uint32_t *hints; /* blocks by a hash of the address found there; may be wrong by now */
	uint64_t expected[EXPECTED];
	size_t expected_count;

	uint64_t kept;         /* number of the kept state; 0: there is none */
	struct vma_run *saved; /* what blocks had that were changed since, block by block */
	size_t saved_count;
	size_t saved_room;
};

struct run_list *run_list_new(void);
void run_list_free(struct run_list *list);
/* The structure itself: no empty block, no full index, starts as they should be. */
bool run_list_check(const struct run_list *list);

/* run_list_find() where it is not where one looked last. */
struct place run_list_search(const struct run_list *list, uint64_t address);

/*
 * Somebody will ask for the place of address, but asks for some others first: of a list that does not fit into the
 * cache it is fetched meanwhile, the ends of its block at once, its run and those beside it EXPECTED calls later.
 */
void run_list_expect(struct run_list *list, uint64_t address);

/* The first run that ends above address. */
static inline struct place run_list_find(const struct run_list *list, uint64_t address)
{
	struct place place = *list->last_found;

	if (place.block < list->blocks && place.at < list->index[place.block].count) {
		const uint64_t *ends = list->index[place.block].block->ends;
		uint64_t from = place.at ? ends[place.at - 1] : list->starts[place.block];

		if (from <= address && address < ends[place.at])
			return place;
	}
	return run_list_search(list, address);
}

/* NULL at the end. Valid until the next splice. */
static inline struct vma_run *run_list_at(const struct run_list *list, struct place place)
{
	struct block *block;

	if (place.block == list->blocks)
		return NULL;
	block = list->index[place.block].block;
	return &block->runs[block->slots[place.at]];
}

/* A run becomes shorter, or longer where nothing is that stays. */
static inline void run_list_set_start(struct run_list *list, struct place place, uint64_t start)
{
	run_list_at(list, place)->start = start;
	if (!place.at)
		list->starts[place.block] = start;
}

static inline void run_list_set_end(struct run_list *list, struct place place, uint64_t end)
{
	run_list_at(list, place)->end = end;
	list->index[place.block].block->ends[place.at] = end;
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

/*
 * The list is kept as it is now, until the next call. That costs nothing yet: a block is saved when it is changed for
 * the first time after it. The blocks that are not changed, and those saved, are the list as it was.
 */
void run_list_keep(struct run_list *list);
/* Before anything is changed in blocks `first` to `last`, as far as there are any. False: out of memory. */
bool run_list_save(struct run_list *list, size_t first, size_t last);
/* As it was when it was kept, which it was; NULL: out of memory. The list itself is good for run_list_free() only. */
struct run_list *run_list_kept(struct run_list *list);

/* Makes the next splice sure to succeed, or returns false: out of memory. */
bool run_list_reserve(struct run_list *list);
/* [from, to) give way to runs[0 .. count), at most SPLICE_RUNS, which lie in the gap that leaves. */
void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count);

#endif
