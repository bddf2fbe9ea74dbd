/*
 * run_list.h: a sorted array of runs in blocks of one page each (run_block.h), with an index of the blocks: a 2-level
 * tree without the tree. Lookup is two searches. It beats a red-black tree by 2-3 times at 10^5 runs, and a run needs
 * no links.
 *
 *     tops     [ start ][ start ]                      of each INDEX_STEPth block
 *     index    [ start | block ][ start | block ] ...
 *     block    never empty
 *
 * Part of vma_map, which knows what the runs mean; here they are only sorted and disjoint. What it asks at every
 * step is inline, the structure open to it for that alone.
 */
#ifndef VMATRACE_CORE_RUN_LIST_H
#define VMATRACE_CORE_RUN_LIST_H

#include "piece_pool.h"
#include "run_block.h"
#include "vma_map.h"

enum {
	SPLICE_RUNS = 2,
	INDEX_STEP = 16,
	HINTS = 256,
	EXPECTED = 8,       /* from the first step to the second */
	LARGE_BLOCKS = 512, /* so many stay in the cache by themselves */
	NEXT_RUNS = 4,      /* fetched before a walk along the list comes to them */
};

struct index_entry {
	uint64_t start; /* of the first run */
	struct block *block;
};

/* A run by its place; the end of the list has the number of blocks and 0. */
struct place {
	size_t block;
	size_t at;
};

struct run_list {
	struct index_entry *index;
	uint64_t *tops; /* few enough for the nearest cache */
	size_t blocks;
	size_t capacity;
	struct piece_pool pool;   /* of the blocks */
	struct block *spare;      /* what the next split will use */
	struct place *last_found; /* one event asks for the same place again and again */
	/* Places by a hash of the address that is awaited there; may be wrong by now. */
	struct hint {
		uint32_t block;
		uint32_t at;
	} * hints;
	struct {
		const struct block *block;
		uint64_t address;
	} expected[EXPECTED];
	size_t expected_count;

	bool keeps;            /* there is a kept state */
	uint64_t kept;         /* the number of the last one */
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
 * cache it is fetched meanwhile, what a search of its block looks at now, its run and those beside it EXPECTED calls
 * later.
 */
void run_list_expect(struct run_list *list, uint64_t address);

static inline struct block *run_list_block(const struct run_list *list, struct place place)
{
	return list->index[place.block].block;
}

/* True if run_list_find() would find that place. False if it might not. */
static inline bool run_list_holds(const struct run_list *list, struct place place, uint64_t address)
{
	struct block *block;
	const struct vma_run *run;

	if (place.block >= list->blocks)
		return false;
	block = run_list_block(list, place);
	if (place.at >= block->count)
		return false;
	run = block_at(block, place.at);
	return address < run->end && (run->start <= address ||
	                              (place.at && block_at(block, place.at - 1)->end <= address));
}

/* The first run that ends above address. */
static inline struct place run_list_find(const struct run_list *list, uint64_t address)
{
	struct place place = *list->last_found;

	return run_list_holds(list, place, address) ? place : run_list_search(list, address);
}

/* NULL at the end. Valid until the next splice. */
static inline struct vma_run *run_list_at(const struct run_list *list, struct place place)
{
	return place.block == list->blocks ? NULL : block_at(run_list_block(list, place), place.at);
}

/* Where a block begins. */
static inline void run_list_set_first(struct run_list *list, size_t block, uint64_t start)
{
	list->index[block].start = start;
	if (block % INDEX_STEP == 0)
		list->tops[block / INDEX_STEP] = start;
}

/* A run becomes shorter, or longer where nothing is that stays. */
static inline void run_list_set_start(struct run_list *list, struct place place, uint64_t start)
{
	run_list_at(list, place)->start = start;
	if (!place.at)
		run_list_set_first(list, place.block, start);
}

static inline void run_list_set_end(struct run_list *list, struct place place, uint64_t end)
{
	run_list_at(list, place)->end = end;
	block_set_end(run_list_block(list, place), place.at, end);
}

/* Of a place that is not the end. */
static inline struct place place_next(const struct run_list *list, struct place place)
{
	if (++place.at == run_list_block(list, place)->count)
		place = (struct place) { place.block + 1, 0 };
	return place;
}

/* Of a place that is not the first. */
static inline struct place place_before(const struct run_list *list, struct place place)
{
	if (place.at)
		return (struct place) { place.block, place.at - 1 };
	place.block--;
	place.at = run_list_block(list, place)->count - 1u;
	return place;
}

static inline struct vma_run *run_list_before(const struct run_list *list, struct place place)
{
	return place.block || place.at ? run_list_at(list, place_before(list, place)) : NULL;
}

/* The one behind a run of the list, or NULL. Who asks will ask for those behind that, too. */
static inline const struct vma_run *run_list_next(const struct run_list *list,
                                                  const struct vma_run *run)
{
	struct place place = run_list_find(list, run->end - 1);

	place = place_next(list, place);
	if (place.block == list->blocks)
		return NULL;
	*list->last_found = place;
	block_fetch(run_list_block(list, place), place.at + NEXT_RUNS);
	return run_list_at(list, place);
}

/*
 * The list is kept as it is now, until the next call. That costs nothing yet: a block is saved when it is changed for
 * the first time after it. The blocks that are not changed, and those saved, are the list as it was.
 */
void run_list_keep(struct run_list *list);
/* It need not be kept any more. */
void run_list_keep_none(struct run_list *list);
bool run_list_save_blocks(struct run_list *list, size_t first, size_t last);

/* Before anything is changed in blocks `first` to `last`, as far as there are any. False: out of memory. */
static inline bool run_list_save(struct run_list *list, size_t first, size_t last)
{
	return !list->keeps || run_list_save_blocks(list, first, last);
}

/* As it was when it was kept, which it was; NULL: out of memory. The list itself is good for run_list_free() only. */
struct run_list *run_list_kept(struct run_list *list);

/* Makes the next splice sure to succeed, or returns false: out of memory. */
bool run_list_reserve(struct run_list *list);
/* [from, to) give way to runs[0 .. count), at most SPLICE_RUNS, which lie in the gap that leaves. */
void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count);

#endif
