/*
 * run_list: see the header. A splice removes runs, then inserts at most three: one split at the most, whose
 * block was reserved before, so that no splice can fail half-way.
 */
#include "run_list.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_RUNS = 63,             /* 64 bytes each, and the count: a block is a page */
	BLOCK_JOIN = BLOCK_RUNS / 2, /* two neighbours that together have no more become one */
};

struct block {
	size_t count;
	struct vma_run runs[BLOCK_RUNS];
};

struct index_entry {
	uint64_t start; /* of the block's first run, so that a search stays in the index */
	struct block *block;
};

struct run_list {
	struct index_entry *index;
	size_t blocks;
	size_t capacity;
	struct block *spare;      /* what the next split will use */
	struct place *last_found; /* one event asks for the same place again and again */
};

struct run_list *run_list_new(void)
{
	struct run_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->last_found = calloc(1, sizeof(*list->last_found));
	if (!list->last_found) {
		free(list);
		return NULL;
	}
	return list;
}

void run_list_free(struct run_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->blocks; i++)
		free(list->index[i].block);
	free(list->index);
	free(list->spare);
	free(list->last_found);
	free(list);
}

bool run_list_check(const struct run_list *list)
{
	for (size_t i = 0; i < list->blocks; i++) {
		const struct block *block = list->index[i].block;

		if (!block->count || block->count > BLOCK_RUNS ||
		    list->index[i].start != block->runs[0].start)
			return false;
	}
	return true;
}

/* --- places ------------------------------------------------------------------------------------------- */

struct vma_run *run_list_at(const struct run_list *list, struct place place)
{
	return place.block < list->blocks ? &list->index[place.block].block->runs[place.at] : NULL;
}

struct place place_next(const struct run_list *list, struct place place)
{
	if (++place.at == list->index[place.block].block->count)
		place = (struct place) { place.block + 1, 0 };
	return place;
}

struct place place_before(const struct run_list *list, struct place place)
{
	if (place.at)
		return (struct place) { place.block, place.at - 1 };
	return (struct place) { place.block - 1, list->index[place.block - 1].block->count - 1 };
}

struct vma_run *run_list_before(const struct run_list *list, struct place place)
{
	return place.block || place.at ? run_list_at(list, place_before(list, place)) : NULL;
}

/* True if the place is, without a search, the first run that ends above address. */
static bool is_found(const struct run_list *list, struct place place, uint64_t address)
{
	const struct block *block;

	if (place.block >= list->blocks)
		return false;
	block = list->index[place.block].block;
	if (place.at >= block->count || block->runs[place.at].end <= address)
		return false;
	return place.at ? block->runs[place.at - 1].end <= address
	                : block->runs[0].start <= address;
}

static struct place search(const struct run_list *list, uint64_t address)
{
	const struct block *block;
	size_t low = 0;
	size_t high = list->blocks;
	struct place place;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->index[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return (struct place) { 0, 0 };
	place.block = low - 1;
	block = list->index[place.block].block;
	low = 0;
	high = block->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (block->runs[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	place.at = low;
	return low < block->count ? place : (struct place) { place.block + 1, 0 };
}

struct place run_list_find(const struct run_list *list, uint64_t address)
{
	struct place next = { list->last_found->block, list->last_found->at + 1 };

	if (is_found(list, *list->last_found, address))
		return *list->last_found;
	*list->last_found = is_found(list, next, address) ? next : search(list, address);
	return *list->last_found;
}

/* --- the splice --------------------------------------------------------------------------------------- */

/* One block and one index entry. */
bool run_list_reserve(struct run_list *list)
{
	if (list->blocks == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct index_entry *index = reallocarray(list->index, capacity, sizeof(*index));

		if (!index)
			return false;
		list->index = index;
		list->capacity = capacity;
	}
	if (!list->spare)
		list->spare = malloc(sizeof(*list->spare));
	return list->spare != NULL;
}

static void retire(struct run_list *list, struct block *block)
{
	if (list->spare)
		free(block);
	else
		list->spare = block;
}

static void index_remove(struct run_list *list, size_t first, size_t count)
{
	memmove(&list->index[first], &list->index[first + count],
	        (list->blocks - first - count) * sizeof(*list->index));
	list->blocks -= count;
}

static void index_insert(struct run_list *list, size_t at, struct block *block)
{
	memmove(&list->index[at + 1], &list->index[at], (list->blocks - at) * sizeof(*list->index));
	list->index[at] = (struct index_entry) { 0, block };
	list->blocks++;
}

/* Removes [from, to). Returns where a run put in their place belongs: at may be the block's count. */
static struct place remove_runs(struct run_list *list, struct place from, struct place to)
{
	struct block *first = list->index[from.block].block;

	if (from.block == to.block) {
		memmove(&first->runs[from.at], &first->runs[to.at],
		        (first->count - to.at) * sizeof(*first->runs));
		first->count -= to.at - from.at;
		return from;
	}
	first->count = from.at;
	for (size_t i = from.block + 1; i < to.block; i++)
		retire(list, list->index[i].block);
	if (to.at) {
		struct block *last = list->index[to.block].block;

		memmove(&last->runs[0], &last->runs[to.at],
		        (last->count - to.at) * sizeof(*last->runs));
		last->count -= to.at;
		list->index[to.block].start = last->runs[0].start;
	}
	index_remove(list, from.block + 1, to.block - from.block - 1);
	return from;
}

/* The upper half of a full block moves into the spare one. */
static struct place split_block(struct run_list *list, struct place place)
{
	struct block *low = list->index[place.block].block;
	struct block *high = list->spare;
	size_t keep = low->count / 2;

	list->spare = NULL;
	high->count = low->count - keep;
	memcpy(high->runs, &low->runs[keep], high->count * sizeof(*high->runs));
	low->count = keep;
	index_insert(list, place.block + 1, high);
	list->index[place.block + 1].start = high->runs[0].start;
	return place.at > keep ? (struct place) { place.block + 1, place.at - keep } : place;
}

static void insert_runs(struct run_list *list, struct place place, const struct vma_run *runs,
                        size_t count)
{
	struct block *block;

	if (!list->blocks || place.block == list->blocks) {
		if (place.block) { /* at the end: behind the last run */
			place.block--;
			place.at = list->index[place.block].block->count;
		} else {
			list->spare->count = 0;
			index_insert(list, 0, list->spare);
			list->spare = NULL;
		}
	}
	if (list->index[place.block].block->count + count > BLOCK_RUNS)
		place = split_block(list, place);
	block = list->index[place.block].block;
	memmove(&block->runs[place.at + count], &block->runs[place.at],
	        (block->count - place.at) * sizeof(*block->runs));
	memcpy(&block->runs[place.at], runs, count * sizeof(*runs));
	block->count += count;
}

/* After a splice: no empty block, no two small neighbours, the index knows the first run. */
static void tidy(struct run_list *list, size_t at)
{
	struct block *block;
	struct block *next;

	if (at >= list->blocks)
		return;
	block = list->index[at].block;
	if (!block->count) {
		index_remove(list, at, 1);
		retire(list, block);
		return;
	}
	list->index[at].start = block->runs[0].start;
	if (at + 1 == list->blocks)
		return;
	next = list->index[at + 1].block;
	if (block->count + next->count <= BLOCK_JOIN) {
		memcpy(&block->runs[block->count], next->runs, next->count * sizeof(*next->runs));
		block->count += next->count;
		index_remove(list, at + 1, 1);
		retire(list, next);
	}
}

void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count)
{
	struct place place = from;

	if (from.block != to.block || from.at != to.at)
		place = remove_runs(list, from, to);
	if (count)
		insert_runs(list, place, runs, count);
	tidy(list, place.block);
	if (place.block)
		tidy(list, place.block - 1);
}
