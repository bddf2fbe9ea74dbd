/*
 * run_list: see the header. A splice removes runs, then inserts at most two: one split at the most, whose
 * block was reserved before, so that no splice can fail half-way.
 */
#include "run_list.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_JOIN = BLOCK_RUNS / 2, /* two neighbours that together have no more become one */
	ENDS_IN_LINE = LINE_BYTES / sizeof(uint64_t),
};

_Static_assert(BLOCK_RUNS <= UINT8_MAX, "slots are bytes");

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
	free(list->starts);
	free(list->last_found);
	free(list->saved);
	free(list->hints);
	free(list);
}

static struct block *block_new(struct run_list *list)
{
	struct block *block = piece_pool_take(&list->pool);

	for (size_t i = 0; block && i < BLOCK_RUNS; i++)
		block->slots[i] = (uint8_t)i;
	return block;
}

static uint64_t first_start(const struct block *block)
{
	return block->runs[block->slots[0]].start;
}

static bool is_permutation(const uint8_t slots[BLOCK_RUNS])
{
	bool met[BLOCK_RUNS] = { false };

	for (size_t i = 0; i < BLOCK_RUNS; i++) {
		if (slots[i] >= BLOCK_RUNS || met[slots[i]])
			return false;
		met[slots[i]] = true;
	}
	return true;
}

bool run_list_check(const struct run_list *list)
{
	for (size_t i = 0; i < list->blocks; i++) {
		const struct index_entry *entry = &list->index[i];

		if (!entry->count || entry->count > BLOCK_RUNS ||
		    list->starts[i] != first_start(entry->block))
			return false;
		for (size_t j = 0; j < entry->count; j++) {
			if (entry->block->ends[j] != entry->block->runs[entry->block->slots[j]].end)
				return false;
		}
		if (!is_permutation(entry->block->slots))
			return false;
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

static uint32_t *hint_of(const struct run_list *list, uint64_t address)
{
	return &list->hints[(address >> 12 ^ address >> 18) % HINTS];
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
		place.block = *hint_of(list, address);
		if (!holds(list, place.block, address))
			place.block = search_index(list, address);
		place.at = SIZE_MAX;
	}
	entry = &list->index[place.block];
	if (place.at == SIZE_MAX) {
		/* All of them come from memory at once, not one after the other. */
		for (size_t i = 0; i < entry->count; i += ENDS_IN_LINE)
			__builtin_prefetch(&entry->block->ends[i]);
		place.at = search_block(entry, address);
	}
	*list->last_found = place;
	return place.at < entry->count ? place : (struct place) { place.block + 1, 0 };
}

void run_list_expect(struct run_list *list, uint64_t address)
{
	uint64_t *earlier = &list->expected[list->expected_count++ % EXPECTED];
	size_t block = *hint_of(list, *earlier);

	if (list->blocks < LARGE_BLOCKS)
		return;
	if (holds(list, block, *earlier)) {
		const struct index_entry *entry = &list->index[block];
		const struct block *near = entry->block;
		size_t at = search_block(entry, *earlier);

		/* Behind the last run is some slot, too. */
		at = at < BLOCK_RUNS - 2 ? at : BLOCK_RUNS - 2;
		for (size_t i = at ? at - 1 : 0; i < at + 2; i++)
			__builtin_prefetch(&near->runs[near->slots[i]], 1);
	}
	*earlier = address;
	block = search_index(list, address);
	*hint_of(list, address) = (uint32_t)block;
	for (size_t i = 0; i < list->index[block].count; i += ENDS_IN_LINE)
		__builtin_prefetch(&list->index[block].block->ends[i], 1);
	__builtin_prefetch(list->index[block].block->slots, 1);
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
		list->spare = block_new(list);
	return list->spare != NULL;
}

static void retire(struct run_list *list, struct block *block)
{
	if (list->spare)
		piece_pool_give(&list->pool, block);
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
	block->changed = list->kept; /* what it gets is of a saved block, or new */
}

/* The runs of a block from number `from` on become the last ones of another. */
static void append_runs(struct index_entry *entry, const struct block *block, size_t from,
                        size_t count)
{
	struct block *into = entry->block;

	memcpy(&into->ends[entry->count], &block->ends[from], count * sizeof(*into->ends));
	for (size_t i = 0; i < count; i++)
		into->runs[into->slots[entry->count + i]] = block->runs[block->slots[from + i]];
	entry->count += count;
}

/* What lies from [at] on moves on, into room that is there; the slots of the gap are free ones. */
static void open_gap(struct index_entry *entry, size_t at, size_t width)
{
	struct block *block = entry->block;
	/* Two at most: the first and the last are all. */
	uint8_t first = block->slots[entry->count];
	uint8_t last = block->slots[entry->count + width - 1];

	memmove(&block->slots[at + width], &block->slots[at], entry->count - at);
	block->slots[at] = first;
	block->slots[at + width - 1] = last;
	memmove(&block->ends[at + width], &block->ends[at],
	        (entry->count - at) * sizeof(*block->ends));
	entry->count += width;
}

/* And back. */
static void close_gap(struct index_entry *entry, size_t at, size_t width)
{
	struct block *block = entry->block;
	uint8_t freed[BLOCK_RUNS];

	entry->count -= width;
	memcpy(freed, &block->slots[at], width);
	memmove(&block->slots[at], &block->slots[at + width], entry->count - at);
	memcpy(&block->slots[entry->count], freed, width);
	memmove(&block->ends[at], &block->ends[at + width],
	        (entry->count - at) * sizeof(*block->ends));
}

/* Removes [from, to), of which the latter is in another block. What follows begins behind `from`. */
static void remove_runs(struct run_list *list, struct place from, struct place to)
{
	list->index[from.block].count = from.at;
	for (size_t i = from.block + 1; i < to.block; i++)
		retire(list, list->index[i].block);
	if (to.at) {
		close_gap(&list->index[to.block], 0, to.at);
		list->starts[to.block] = first_start(list->index[to.block].block);
	}
	index_remove(list, from.block + 1, to.block - from.block - 1);
}

/*
 * The upper half of a full block moves into the spare one; what goes behind all of it goes there alone, so that runs
 * which come in order, as those of a list that is loaded do, leave full blocks behind, not half ones.
 */
static struct place split_block(struct run_list *list, struct place place)
{
	struct index_entry *low = &list->index[place.block];
	size_t keep = place.at == low->count ? low->count : low->count / 2;

	index_insert(list, place.block + 1, list->spare);
	list->spare = NULL;
	low = &list->index[place.block];
	append_runs(&low[1], low->block, keep, low->count - keep);
	if (low[1].count) /* else the splice says where it begins */
		list->starts[place.block + 1] = first_start(low[1].block);
	low->count = keep;
	return place.at > keep || !low[1].count
	               ? (struct place) { place.block + 1, place.at - keep }
	               : place;
}

/* After runs were removed: no empty block, no two small neighbours. */
static void tidy(struct run_list *list, size_t at)
{
	struct index_entry *entry = &list->index[at];
	struct block *gone = NULL;

	if (!entry->count) {
		gone = entry->block;
		index_remove(list, at, 1);
	} else if (at + 1 < list->blocks && entry[0].count + entry[1].count <= BLOCK_JOIN &&
	           run_list_save(list, at, at + 1)) {
		gone = entry[1].block;
		append_runs(entry, gone, 0, entry[1].count);
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
	struct index_entry *entry;
	size_t removed;

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
		from.at = list->index[from.block].count;
		to = from;
	}
	to = end_of_block(list, from, to);
	if (from.block != to.block) {
		remove_runs(list, from, to);
		to = from;
	}
	if (list->index[from.block].count - (to.at - from.at) + count > BLOCK_RUNS) {
		close_gap(&list->index[from.block], from.at, to.at - from.at);
		from = split_block(list, from);
		to = from;
	}
	entry = &list->index[from.block];
	removed = to.at - from.at;
	if (count > removed)
		open_gap(entry, to.at, count - removed);
	else if (count < removed)
		close_gap(entry, from.at + count, removed - count);
	for (size_t i = 0; i < count; i++) {
		entry->block->runs[entry->block->slots[from.at + i]] = runs[i];
		entry->block->ends[from.at + i] = runs[i].end;
	}
	if (!from.at && entry->count)
		list->starts[from.block] = first_start(entry->block);
	*list->last_found = from;
	/* A small block gets no neighbour that it could be one with but by becoming smaller. */
	if (entry->count > BLOCK_JOIN)
		return;
	tidy(list, from.block);
	if (from.block)
		tidy(list, from.block - 1);
}
