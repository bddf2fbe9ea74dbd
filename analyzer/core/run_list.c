/*
 * run_list: see the header. A splice removes runs, then inserts at most two: one split at the most, whose
 * block was reserved before, so that no splice can fail half-way.
 */
#include "run_list.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_JOIN = BLOCK_RUNS / 2, /* two neighbours that together have no more become one */
};

struct run_list *run_list_new(void)
{
	struct run_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->pool.piece = sizeof(struct block);
	list->last_found = calloc(1, sizeof(*list->last_found));
	list->hints = calloc(HINTS, sizeof(*list->hints));
	if (!list->last_found || !list->hints) {
		run_list_free(list);
		return NULL;
	}
	return list;
}

void run_list_free(struct run_list *list)
{
	if (!list)
		return;
	piece_pool_free(&list->pool);
	free(list->index);
	free(list->tops);
	free(list->last_found);
	free(list->saved);
	free(list->hints);
	free(list);
}

bool run_list_check(const struct run_list *list)
{
	for (size_t i = 0; i < list->blocks; i++) {
		const struct index_entry *entry = &list->index[i];

		if (!entry->block->count || entry->start != block_at(entry->block, 0)->start ||
		    !block_check(entry->block))
			return false;
		if (i % INDEX_STEP == 0 && list->tops[i / INDEX_STEP] != entry->start)
			return false;
	}
	return true;
}

/* --- places ------------------------------------------------------------------------------------------- */

/* The last block that begins at or below address, or the first of all. Without a branch that nobody could predict. */
static size_t search_index(const struct run_list *list, uint64_t address)
{
	size_t at = 0, end, below = 0;

	for (size_t count = (list->blocks + INDEX_STEP - 1) / INDEX_STEP; count > 1;) {
		size_t half = count / 2;

		at = list->tops[at + half] <= address ? at + half : at;
		count -= half;
	}
	at *= INDEX_STEP;
	end = at + INDEX_STEP < list->blocks ? at + INDEX_STEP : list->blocks;
	/* Each for itself: the few lines they lie in come at once. */
	for (size_t i = at + 1; i < end; i++)
		below += list->index[i].start <= address;
	return at + below;
}

static struct hint *hint_of(const struct run_list *list, uint64_t address)
{
	return &list->hints[(address >> 12 ^ address >> 18) % HINTS];
}

/* True if the block is what search_index() would find. */
static bool holds(const struct run_list *list, size_t block, uint64_t address)
{
	return block < list->blocks && (!block || list->index[block].start <= address) &&
	       (block + 1 == list->blocks || address < list->index[block + 1].start);
}

struct place run_list_search(const struct run_list *list, uint64_t address)
{
	struct place place = *list->last_found;
	const struct block *block;

	if (!list->blocks)
		return (struct place) { 0, 0 };
	if (list->blocks >= LARGE_BLOCKS) {
		const struct hint *hint = hint_of(list, address);

		place = (struct place) { hint->block, hint->at };
		if (run_list_holds(list, place, address)) {
			*list->last_found = place;
			return place;
		}
	}
	if (!holds(list, place.block, address))
		place.block = search_index(list, address);
	block = run_list_block(list, place);
	place.at = block_search(block, address);
	*list->last_found = place;
	return place.at < block->count ? place : (struct place) { place.block + 1, 0 };
}

void run_list_expect(struct run_list *list, uint64_t address)
{
	size_t next = list->expected_count++ % EXPECTED;
	const struct block *block = list->expected[next].block;

	if (list->blocks < LARGE_BLOCKS)
		return;
	/* Of a block that is none any more nothing is true but that it can be read. */
	if (block) {
		size_t at = block_guess(block, list->expected[next].address);

		hint_of(list, list->expected[next].address)->at = (uint32_t)at;
		for (size_t i = at ? at - 1 : 0; i < at + 2; i++)
			block_fetch(block, i);
	}
	hint_of(list, address)->block = (uint32_t)search_index(list, address);
	block = list->index[hint_of(list, address)->block].block;
	list->expected[next].block = block;
	list->expected[next].address = address;
	for (size_t i = 0; i < HEAD_BYTES; i += LINE_BYTES)
		__builtin_prefetch((const char *)block + i, 1);
}

/* --- the splice --------------------------------------------------------------------------------------- */

static struct block *block_new(struct run_list *list)
{
	struct block *block = piece_pool_take(&list->pool);

	if (block)
		block_init(block);
	return block;
}

/* One block and one index entry. */
bool run_list_reserve(struct run_list *list)
{
	if (list->blocks == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct index_entry *index = reallocarray(list->index, capacity, sizeof(*index));
		uint64_t *tops;

		if (!index)
			return false;
		list->index = index;
		tops = reallocarray(list->tops, capacity / INDEX_STEP + 1, sizeof(*tops));
		if (!tops)
			return false;
		list->tops = tops;
		list->capacity = capacity;
	}
	if (!list->spare)
		list->spare = block_new(list);
	return list->spare != NULL;
}

/* Blocks from number `at` on are others now. */
static void index_moved(struct run_list *list, size_t at)
{
	for (at = (at + INDEX_STEP - 1) / INDEX_STEP; at * INDEX_STEP < list->blocks; at++)
		list->tops[at] = list->index[at * INDEX_STEP].start;
}

static void index_remove(struct run_list *list, size_t first, size_t count)
{
	list->blocks -= count;
	memmove(&list->index[first], &list->index[first + count],
	        (list->blocks - first) * sizeof(*list->index));
	index_moved(list, first);
}

static void index_insert(struct run_list *list, size_t at, struct block *block)
{
	memmove(&list->index[at + 1], &list->index[at], (list->blocks - at) * sizeof(*list->index));
	list->index[at] = (struct index_entry) { .block = block };
	list->blocks++;
	index_moved(list, at);
	block->changed = list->kept; /* what it gets is of a saved block, or new */
}

static void set_first(struct run_list *list, size_t block)
{
	run_list_set_first(list, block, block_at(list->index[block].block, 0)->start);
}

/* Removes [from, to), of which the latter is in another block. What follows begins behind `from`. */
static void remove_runs(struct run_list *list, struct place from, struct place to)
{
	block_truncate(run_list_block(list, from), from.at);
	for (size_t i = from.block + 1; i < to.block; i++)
		piece_pool_give(&list->pool, list->index[i].block);
	if (to.at) {
		block_replace(run_list_block(list, to), 0, to.at, NULL, 0);
		set_first(list, to.block);
	}
	index_remove(list, from.block + 1, to.block - from.block - 1);
}

/*
 * The upper half of a full block moves into the spare one; what goes behind all of it goes there alone, so that runs
 * which come in order, as those of a list that is loaded do, leave full blocks behind, not half ones.
 */
static struct place split_block(struct run_list *list, struct place place)
{
	struct block *low = run_list_block(list, place);
	struct block *high = list->spare;
	size_t keep = place.at == low->count ? low->count : low->count / 2u;

	list->spare = NULL;
	index_insert(list, place.block + 1, high);
	block_append(high, low, keep);
	block_truncate(low, keep);
	if (high->count) /* else the splice says where it begins */
		set_first(list, place.block + 1);
	return place.at > keep || !high->count ? (struct place) { place.block + 1, place.at - keep }
	                                       : place;
}

/* After runs were removed: no empty block, no two small neighbours. */
static void tidy(struct run_list *list, size_t at)
{
	struct block *block = list->index[at].block;
	struct block *next = at + 1 < list->blocks ? list->index[at + 1].block : NULL;

	if (!block->count) {
		index_remove(list, at, 1);
		piece_pool_give(&list->pool, block);
	} else if (next && block->count + next->count <= BLOCK_JOIN &&
	           run_list_save(list, at, at + 1)) {
		block_append(block, next, 0);
		index_remove(list, at + 1, 1);
		piece_pool_give(&list->pool, next);
	}
}

/* A place that may be behind the last run of a block instead of at the first of the next. */
static struct place end_of_block(const struct run_list *list, struct place from, struct place to)
{
	if (!to.at && to.block && to.block - 1 == from.block)
		return (struct place) { from.block, run_list_block(list, from)->count };
	return to;
}

void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count)
{
	struct block *block;
	bool may_join = from.block != to.block || to.at - from.at > count;

	if (!count && from.block == to.block && from.at == to.at) {
		*list->last_found = from;
		return;
	}
	if (from.block == list->blocks) { /* nothing to remove; behind the last run of all */
		if (!list->blocks) {
			index_insert(list, 0, list->spare);
			list->spare = NULL;
		}
		from.block = list->blocks - 1;
		from.at = run_list_block(list, from)->count;
		to = from;
	}
	to = end_of_block(list, from, to);
	if (from.block != to.block) {
		remove_runs(list, from, to);
		to = from;
	}
	block = run_list_block(list, from);
	if (block->count - (to.at - from.at) + count > BLOCK_RUNS) {
		block_replace(block, from.at, to.at - from.at, NULL, 0);
		from = split_block(list, from);
		to = from;
		may_join = true;
		block = run_list_block(list, from);
	}
	block_replace(block, from.at, to.at - from.at, runs, count);
	if (!from.at && block->count)
		set_first(list, from.block);
	*list->last_found = from;
	/* Two small neighbours there are not but when one becomes smaller, or is new. */
	if (block->count > BLOCK_JOIN || !may_join)
		return;
	tidy(list, from.block);
	if (from.block)
		tidy(list, from.block - 1);
}
