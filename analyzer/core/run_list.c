/*
 * run_list: see the header. A splice removes runs, then inserts at most three: one split at the most, whose
 * block was reserved before, so that no splice can fail half-way.
 */
#include "run_list.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_JOIN = BLOCK_RUNS / 2, /* two neighbours that together have no more become one */
	ENDS_IN_LINE = 64 / sizeof(uint64_t),
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
	free(list->starts);
	free(list->spare);
	free(list->last_found);
	free(list);
}

bool run_list_check(const struct run_list *list)
{
	for (size_t i = 0; i < list->blocks; i++) {
		const struct index_entry *entry = &list->index[i];

		if (!entry->count || entry->count > BLOCK_RUNS ||
		    list->starts[i] != entry->block->runs[0].start)
			return false;
		for (size_t j = 0; j < entry->count; j++) {
			if (entry->block->ends[j] != entry->block->runs[j].end)
				return false;
		}
	}
	return true;
}

/* --- places ------------------------------------------------------------------------------------------- */

/* The last block that begins at or below address, or the first of all. */
static size_t search_index(const struct run_list *list, uint64_t address)
{
	size_t at = 0;

	for (size_t count = list->blocks; count > 1;) {
		size_t half = count / 2;

		/* Without a branch that nobody could predict. */
		at = list->starts[at + half] <= address ? at + half : at;
		count -= half;
	}
	return at;
}

/* True if the block is what search_index() would find. */
static bool holds(const struct run_list *list, size_t block, uint64_t address)
{
	return block < list->blocks && (!block || list->starts[block] <= address) &&
	       (block + 1 == list->blocks || address < list->starts[block + 1]);
}

/* The first run of the block that ends above address, or its count. */
static size_t search_block(const struct index_entry *entry, uint64_t address)
{
	const uint64_t *ends = entry->block->ends;
	size_t at = 0;

	/* All of them come from memory at once, not one after the other. */
	for (size_t i = 0; i < entry->count; i += ENDS_IN_LINE)
		__builtin_prefetch(&ends[i]);
	for (size_t count = entry->count; count > 1;) {
		size_t half = count / 2;

		at = ends[at + half - 1] <= address ? at + half : at;
		count -= half;
	}
	return at + (ends[at] <= address);
}

/* The same, if it is where one looked last or beside it; else SIZE_MAX. */
static size_t search_near(const struct index_entry *entry, size_t at, uint64_t address)
{
	const uint64_t *ends = entry->block->ends;

	if (at >= entry->count)
		at = entry->count - 1;
	if (ends[at] <= address)
		return at + 1 == entry->count || ends[at + 1] > address ? at + 1 : SIZE_MAX;
	if (!at || ends[at - 1] <= address)
		return at;
	return at == 1 || ends[at - 2] <= address ? at - 1 : SIZE_MAX;
}

struct place run_list_search(const struct run_list *list, uint64_t address)
{
	struct place place = *list->last_found;
	const struct index_entry *entry;

	if (!list->blocks)
		return (struct place) { 0, 0 };
	if (holds(list, place.block, address)) {
		place.at = search_near(&list->index[place.block], place.at, address);
	} else {
		place.block = search_index(list, address);
		place.at = SIZE_MAX;
	}
	entry = &list->index[place.block];
	if (place.at == SIZE_MAX)
		place.at = search_block(entry, address);
	*list->last_found = place;
	return place.at < entry->count ? place : (struct place) { place.block + 1, 0 };
}

/* --- the splice --------------------------------------------------------------------------------------- */

/* One block and one index entry. */
bool run_list_reserve(struct run_list *list)
{
	if (list->blocks == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct index_entry *index = reallocarray(list->index, capacity, sizeof(*index));
		uint64_t *starts;

		if (!index)
			return false;
		list->index = index;
		starts = reallocarray(list->starts, capacity, sizeof(*starts));
		if (!starts)
			return false;
		list->starts = starts;
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
	memmove(&list->starts[first], &list->starts[first + count],
	        (list->blocks - first - count) * sizeof(*list->starts));
	list->blocks -= count;
}

static void index_insert(struct run_list *list, size_t at, struct block *block)
{
	memmove(&list->index[at + 1], &list->index[at], (list->blocks - at) * sizeof(*list->index));
	memmove(&list->starts[at + 1], &list->starts[at],
	        (list->blocks - at) * sizeof(*list->starts));
	list->index[at] = (struct index_entry) { .block = block };
	list->blocks++;
}

/* `count` runs at [from] of one block take the places at [to] of the same or of another one. */
static void move_runs(struct block *into, size_t to, const struct block *block, size_t from,
                      size_t count)
{
	memmove(&into->runs[to], &block->runs[from], count * sizeof(*into->runs));
	memmove(&into->ends[to], &block->ends[from], count * sizeof(*into->ends));
}

/* Removes [from, to), of which the latter is in another block. What follows begins behind `from`. */
static void remove_runs(struct run_list *list, struct place from, struct place to)
{
	list->index[from.block].count = from.at;
	for (size_t i = from.block + 1; i < to.block; i++)
		retire(list, list->index[i].block);
	if (to.at) {
		struct index_entry *last = &list->index[to.block];

		last->count -= to.at;
		move_runs(last->block, 0, last->block, to.at, last->count);
		list->starts[to.block] = last->block->runs[0].start;
	}
	index_remove(list, from.block + 1, to.block - from.block - 1);
}

/* The upper half of a full block moves into the spare one. */
static struct place split_block(struct run_list *list, struct place place)
{
	struct index_entry *low = &list->index[place.block];
	size_t keep = low->count / 2;
	size_t moved = low->count - keep;

	index_insert(list, place.block + 1, list->spare);
	list->spare = NULL;
	low = &list->index[place.block];
	move_runs(low[1].block, 0, low->block, keep, moved);
	low[1].count = moved;
	list->starts[place.block + 1] = low[1].block->runs[0].start;
	low->count = keep;
	return place.at > keep ? (struct place) { place.block + 1, place.at - keep } : place;
}

/* [from, to) of one block gives way to runs[0 .. count), for which there is room. */
static void replace_runs(struct index_entry *entry, size_t from, size_t to,
                         const struct vma_run *runs, size_t count)
{
	struct block *block = entry->block;

	if (to - from != count)
		move_runs(block, from + count, block, to, entry->count - to);
	for (size_t i = 0; i < count; i++) {
		block->runs[from + i] = runs[i];
		block->ends[from + i] = runs[i].end;
	}
	entry->count += count - (to - from);
}

/* After a splice: no empty block, no two small neighbours. */
static void tidy(struct run_list *list, size_t at)
{
	struct index_entry *entry = &list->index[at];
	struct block *gone = NULL;

	if (!entry->count) {
		gone = entry->block;
		index_remove(list, at, 1);
	} else if (at + 1 < list->blocks && entry[0].count + entry[1].count <= BLOCK_JOIN) {
		gone = entry[1].block;
		move_runs(entry->block, entry->count, gone, 0, entry[1].count);
		entry->count += entry[1].count;
		index_remove(list, at + 1, 1);
	}
	if (gone)
		retire(list, gone);
}

/* A place that may be behind the last run of a block instead of at the first of the next. */
static struct place end_of_block(const struct run_list *list, struct place from, struct place to)
{
	if (!to.at && to.block && to.block - 1 == from.block)
		return (struct place) { from.block, list->index[from.block].count };
	return to;
}

void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count)
{
	if (from.block == list->blocks) { /* nothing to remove; behind the last run of all */
		if (!list->blocks) {
			index_insert(list, 0, list->spare);
			list->spare = NULL;
		}
		from.block = list->blocks - 1;
		from.at = list->index[from.block].count;
		to = from;
	}
	to = end_of_block(list, from, to);
	if (from.block != to.block) {
		remove_runs(list, from, to);
		to = from;
	}
	if (list->index[from.block].count - (to.at - from.at) + count > BLOCK_RUNS) {
		replace_runs(&list->index[from.block], from.at, to.at, NULL, 0);
		from = split_block(list, from);
		to = from;
	}
	replace_runs(&list->index[from.block], from.at, to.at, runs, count);
	if (!from.at)
		list->starts[from.block] = list->index[from.block].block->runs[0].start;
	tidy(list, from.block);
	if (from.block)
		tidy(list, from.block - 1);
}
