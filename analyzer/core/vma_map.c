/*
 * vma_map: a sorted array of runs in blocks of one page each, with an index of the blocks: a 2-level tree
 * without the tree. Lookup is two binary searches; a change moves a few cache lines inside one block. It
 * beats a red-black tree by 2-3 times at 10^5 runs, and a run needs no links.
 *
 *     index    [ start | block ][ start | block ] ...
 *     block    [ run run run ... ]          never empty, at most BLOCK_RUNS
 *
 * Every change is one splice: runs [from, to) give way to at most three others. The number of visible rows
 * and of mapped bytes are carried along by looking at the neighbours of the splice only.
 */
#include "vma_map.h"

#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "runs.h"

enum {
	BLOCK_RUNS = 63,             /* 64 bytes each, and the count: a block is a page */
	BLOCK_JOIN = BLOCK_RUNS / 2, /* two neighbours that together have no more become one */
	SPLICE_RUNS = 3,
};

struct block {
	size_t count;
	struct vma_run runs[BLOCK_RUNS];
};

struct index_entry {
	uint64_t start; /* of the block's first run, so that a search stays in the index */
	struct block *block;
};

struct vma_map {
	struct index_entry *index;
	size_t blocks;
	size_t capacity;
	struct block
		*spare; /* what the next split will use, so that a splice cannot fail half-way */
	struct object_table *objects;
	size_t rows;
	uint64_t bytes;
	uint32_t page_bytes;
};

/* A run by its place; at < count of its block, or block == blocks for the end. */
struct place {
	size_t block;
	size_t at;
};

struct vma_map *vma_map_new(uint32_t page_bytes)
{
	struct vma_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->page_bytes = page_bytes;
	map->objects = object_table_new();
	if (!map->objects) {
		free(map);
		return NULL;
	}
	return map;
}

void vma_map_free(struct vma_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->blocks; i++)
		free(map->index[i].block);
	free(map->index);
	free(map->spare);
	object_table_free(map->objects);
	free(map);
}

bool vma_map_object(struct vma_map *map, uint32_t dev_major, uint32_t dev_minor, uint64_t inode,
                    const char *name, object_id *id)
{
	return object_table_intern(map->objects, dev_major, dev_minor, inode, name, id);
}

const char *vma_map_object_name(const struct vma_map *map, object_id id)
{
	return object_table_at(map->objects, id)->name;
}

const struct object *vma_map_object_at(const struct vma_map *map, object_id id)
{
	return object_table_at(map->objects, id);
}

uint32_t vma_map_page_bytes(const struct vma_map *map)
{
	return map->page_bytes;
}

size_t vma_map_count(const struct vma_map *map)
{
	return map->rows;
}

uint64_t vma_map_bytes(const struct vma_map *map)
{
	return map->bytes;
}

/* --- places ------------------------------------------------------------------------------------------- */

static struct vma_run *run_at(const struct vma_map *map, struct place place)
{
	return place.block < map->blocks ? &map->index[place.block].block->runs[place.at] : NULL;
}

static struct place place_next(const struct vma_map *map, struct place place)
{
	if (++place.at == map->index[place.block].block->count)
		place = (struct place) { place.block + 1, 0 };
	return place;
}

/* Of a place that is not the first. */
static struct place place_before(const struct vma_map *map, struct place place)
{
	if (place.at)
		return (struct place) { place.block, place.at - 1 };
	return (struct place) { place.block - 1, map->index[place.block - 1].block->count - 1 };
}

static struct vma_run *run_before(const struct vma_map *map, struct place place)
{
	return place.block || place.at ? run_at(map, place_before(map, place)) : NULL;
}

/* The first run that ends above address. */
static struct place find(const struct vma_map *map, uint64_t address)
{
	const struct block *block;
	size_t low = 0;
	size_t high = map->blocks;
	struct place place;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->index[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return (struct place) { 0, 0 };
	place.block = low - 1;
	block = map->index[place.block].block;
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

const struct vma_run *vma_map_at(const struct vma_map *map, uint64_t address)
{
	return run_at(map, find(map, address));
}

const struct vma_run *vma_map_next(const struct vma_map *map, const struct vma_run *run)
{
	return run_at(map, find(map, run->end));
}

const struct vma_run *vma_map_before(const struct vma_map *map, uint64_t address)
{
	struct place place = find(map, address);
	const struct vma_run *run = run_at(map, place);

	return run && run->start < address ? run : run_before(map, place);
}

/* --- the splice --------------------------------------------------------------------------------------- */

/* What a splice may need: one block and one index entry. */
static bool reserve(struct vma_map *map)
{
	if (map->blocks == map->capacity) {
		size_t capacity = map->capacity ? 2 * map->capacity : 16;
		struct index_entry *index = reallocarray(map->index, capacity, sizeof(*index));

		if (!index)
			return false;
		map->index = index;
		map->capacity = capacity;
	}
	if (!map->spare)
		map->spare = malloc(sizeof(*map->spare));
	return map->spare != NULL;
}

static void retire(struct vma_map *map, struct block *block)
{
	if (map->spare)
		free(block);
	else
		map->spare = block;
}

static void index_remove(struct vma_map *map, size_t first, size_t count)
{
	memmove(&map->index[first], &map->index[first + count],
	        (map->blocks - first - count) * sizeof(*map->index));
	map->blocks -= count;
}

static void index_insert(struct vma_map *map, size_t at, struct block *block)
{
	memmove(&map->index[at + 1], &map->index[at], (map->blocks - at) * sizeof(*map->index));
	map->index[at] = (struct index_entry) { 0, block };
	map->blocks++;
}

/* Removes [from, to). Returns where a run put in their place belongs: at may be the block's count. */
static struct place remove_runs(struct vma_map *map, struct place from, struct place to)
{
	struct block *first = map->index[from.block].block;

	if (from.block == to.block) {
		memmove(&first->runs[from.at], &first->runs[to.at],
		        (first->count - to.at) * sizeof(*first->runs));
		first->count -= to.at - from.at;
		return from;
	}
	first->count = from.at;
	for (size_t i = from.block + 1; i < to.block; i++)
		retire(map, map->index[i].block);
	if (to.at) {
		struct block *last = map->index[to.block].block;

		memmove(&last->runs[0], &last->runs[to.at],
		        (last->count - to.at) * sizeof(*last->runs));
		last->count -= to.at;
		map->index[to.block].start = last->runs[0].start;
	}
	index_remove(map, from.block + 1, to.block - from.block - 1);
	return from;
}

/* The upper half of a full block moves into the spare one. */
static struct place split_block(struct vma_map *map, struct place place)
{
	struct block *low = map->index[place.block].block;
	struct block *high = map->spare;
	size_t keep = low->count / 2;

	map->spare = NULL;
	high->count = low->count - keep;
	memcpy(high->runs, &low->runs[keep], high->count * sizeof(*high->runs));
	low->count = keep;
	index_insert(map, place.block + 1, high);
	map->index[place.block + 1].start = high->runs[0].start;
	return place.at > keep ? (struct place) { place.block + 1, place.at - keep } : place;
}

static void insert_runs(struct vma_map *map, struct place place, const struct vma_run *runs,
                        size_t count)
{
	struct block *block;

	if (!map->blocks || place.block == map->blocks) {
		if (place.block) { /* at the end: behind the last run */
			place.block--;
			place.at = map->index[place.block].block->count;
		} else {
			map->spare->count = 0;
			index_insert(map, 0, map->spare);
			map->spare = NULL;
		}
	}
	if (map->index[place.block].block->count + count > BLOCK_RUNS)
		place = split_block(map, place);
	block = map->index[place.block].block;
	memmove(&block->runs[place.at + count], &block->runs[place.at],
	        (block->count - place.at) * sizeof(*block->runs));
	memcpy(&block->runs[place.at], runs, count * sizeof(*runs));
	block->count += count;
}

/* After a splice: no empty block, no two small neighbours, the index knows the first run. */
static void tidy(struct vma_map *map, size_t at)
{
	struct block *block;
	struct block *next;

	if (at >= map->blocks)
		return;
	block = map->index[at].block;
	if (!block->count) {
		index_remove(map, at, 1);
		retire(map, block);
		return;
	}
	map->index[at].start = block->runs[0].start;
	if (at + 1 == map->blocks)
		return;
	next = map->index[at + 1].block;
	if (block->count + next->count <= BLOCK_JOIN) {
		memcpy(&block->runs[block->count], next->runs, next->count * sizeof(*next->runs));
		block->count += next->count;
		index_remove(map, at + 1, 1);
		retire(map, next);
	}
}

/* Rows that begin in a chain of runs, given the run before it. */
static bool begins_row(const struct vma_run *before, const struct vma_run *run)
{
	return !before || !runs_join(before, run);
}

/* [from, to) give way to runs[0 .. count). reserve() has been called. */
static void splice(struct vma_map *map, struct place from, struct place to,
                   const struct vma_run *runs, size_t count)
{
	const struct vma_run *before = run_before(map, from);
	const struct vma_run *after = run_at(map, to);
	const struct vma_run *last = before;
	struct place place = from;

	for (; place.block != to.block || place.at != to.at; place = place_next(map, place)) {
		const struct vma_run *run = run_at(map, place);

		map->bytes -= run->end - run->start;
		map->rows -= begins_row(last, run);
		last = run;
	}
	if (after)
		map->rows -= begins_row(last, after);
	last = before;
	for (size_t i = 0; i < count; i++) {
		map->bytes += runs[i].end - runs[i].start;
		map->rows += begins_row(last, &runs[i]);
		last = &runs[i];
	}
	if (after)
		map->rows += begins_row(last, after);

	if (from.block != to.block || from.at != to.at)
		place = remove_runs(map, from, to);
	else
		place = from;
	if (count)
		insert_runs(map, place, runs, count);
	tidy(map, place.block);
	if (place.block)
		tidy(map, place.block - 1);
}

/* [start, end) becomes `run`, or a hole if that is NULL. */
static bool replace(struct vma_map *map, uint64_t start, uint64_t end, const struct vma_run *run)
{
	struct vma_run runs[SPLICE_RUNS];
	size_t count = 0;
	struct place from;
	struct place to;
	const struct vma_run *neighbour;
	struct vma_run right;
	bool has_right = false;

	if (!reserve(map))
		return false;
	from = find(map, start);
	for (to = from; run_at(map, to) && run_at(map, to)->start < end; to = place_next(map, to)) {
		const struct vma_run *cut = run_at(map, to);

		if (cut->start < start) {
			runs[count] = *cut;
			runs[count++].end = start;
		}
		if (cut->end > end) {
			right = *cut;
			right.start = end;
			has_right = true;
		}
	}
	if (run) {
		neighbour = count ? NULL : run_before(map, from);
		if (neighbour && runs_equal(neighbour, run)) {
			from = place_before(map, from);
			runs[count++] = *neighbour;
		}
		if (count && runs_equal(&runs[count - 1], run))
			runs[count - 1].end = end;
		else
			runs[count++] = *run;
		neighbour = has_right ? &right : run_at(map, to);
		if (neighbour && runs_equal(&runs[count - 1], neighbour)) {
			runs[count - 1].end = neighbour->end;
			if (!has_right)
				to = place_next(map, to);
			has_right = false;
		}
	}
	if (has_right)
		runs[count++] = right;
	splice(map, from, to, runs, count);
	return true;
}

bool vma_map_set(struct vma_map *map, const struct vma_run *run)
{
	return run->start >= run->end || replace(map, run->start, run->end, run);
}

bool vma_map_clear(struct vma_map *map, uint64_t start, uint64_t end)
{
	const struct vma_run *run = start < end ? vma_map_at(map, start) : NULL;

	return !run || run->start >= end || replace(map, start, end, NULL);
}

bool vma_map_check(const struct vma_map *map)
{
	const struct vma_run *before = NULL;
	uint64_t bytes = 0;
	size_t rows = 0;

	for (size_t i = 0; i < map->blocks; i++) {
		const struct block *block = map->index[i].block;

		if (!block->count || block->count > BLOCK_RUNS ||
		    map->index[i].start != block->runs[0].start)
			return false;
		for (size_t j = 0; j < block->count; j++) {
			const struct vma_run *run = &block->runs[j];

			if (run->start >= run->end || (run->start | run->end) % map->page_bytes)
				return false;
			if (before && (before->end > run->start || runs_equal(before, run)))
				return false;
			rows += begins_row(before, run);
			bytes += run->end - run->start;
			before = run;
		}
	}
	return rows == map->rows && bytes == map->bytes;
}
