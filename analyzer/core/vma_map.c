/*
 * vma_map: what the runs of a run_list mean. Every change is one splice, made of what is left of the runs at
 * both ends and the new run between them, joined with neighbours that are equal in everything. The number of
 * visible rows and of mapped bytes are carried along by looking at the neighbours of the splice only.
 */
#include "vma_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "objects.h"
#include "run_list.h"
#include "runs.h"

struct vma_map {
	struct run_list *runs;
	struct object_table *objects;
	size_t rows;
	uint64_t bytes;
	uint32_t page_bytes;
};

struct vma_map *vma_map_new(uint32_t page_bytes)
{
	struct vma_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->page_bytes = page_bytes;
	map->runs = run_list_new();
	map->objects = object_table_new();
	if (!map->runs || !map->objects) {
		vma_map_free(map);
		return NULL;
	}
	return map;
}

void vma_map_free(struct vma_map *map)
{
	if (!map)
		return;
	run_list_free(map->runs);
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

const struct vma_run *vma_map_at(const struct vma_map *map, uint64_t address)
{
	return run_list_at(map->runs, run_list_find(map->runs, address));
}

const struct vma_run *vma_map_next(const struct vma_map *map, const struct vma_run *run)
{
	return run_list_at(map->runs, run_list_find(map->runs, run->end));
}

const struct vma_run *vma_map_before(const struct vma_map *map, uint64_t address)
{
	struct place place = run_list_find(map->runs, address);
	const struct vma_run *run = run_list_at(map->runs, place);

	return run && run->start < address ? run : run_list_before(map->runs, place);
}

/* Rows that begin in a chain of runs, given the run before it. */
static bool begins_row(const struct vma_run *before, const struct vma_run *run)
{
	return !before || !runs_join(before, run);
}

/* The splice, and what it does to the totals. run_list_reserve() has been called. */
static void splice(struct vma_map *map, struct place from, struct place to,
                   const struct vma_run *runs, size_t count)
{
	const struct vma_run *before = run_list_before(map->runs, from);
	const struct vma_run *after = run_list_at(map->runs, to);
	const struct vma_run *last = before;
	struct place place = from;

	for (; place.block != to.block || place.at != to.at; place = place_next(map->runs, place)) {
		const struct vma_run *run = run_list_at(map->runs, place);

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

	run_list_splice(map->runs, from, to, runs, count);
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

	if (!run_list_reserve(map->runs))
		return false;
	from = run_list_find(map->runs, start);
	for (to = from; run_list_at(map->runs, to) && run_list_at(map->runs, to)->start < end;
	     to = place_next(map->runs, to)) {
		const struct vma_run *cut = run_list_at(map->runs, to);

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
		neighbour = count ? NULL : run_list_before(map->runs, from);
		if (neighbour && runs_equal(neighbour, run)) {
			from = place_before(map->runs, from);
			runs[count++] = *neighbour;
		}
		if (count && runs_equal(&runs[count - 1], run))
			runs[count - 1].end = end;
		else
			runs[count++] = *run;
		neighbour = has_right ? &right : run_list_at(map->runs, to);
		if (neighbour && runs_equal(&runs[count - 1], neighbour)) {
			runs[count - 1].end = neighbour->end;
			if (!has_right)
				to = place_next(map->runs, to);
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
	struct vma_run marked = *run;

	if (run->prot & PROT_WRITE)
		marked.map_flags |= RUN_WRITABLE_ONCE;
	return run->start >= run->end || replace(map, run->start, run->end, &marked);
}

bool vma_map_clear(struct vma_map *map, uint64_t start, uint64_t end)
{
	const struct vma_run *run = start < end ? vma_map_at(map, start) : NULL;

	return !run || run->start >= end || replace(map, start, end, NULL);
}

bool vma_map_check(const struct vma_map *map)
{
	const struct vma_run *before = NULL;
	const struct vma_run *run;
	uint64_t bytes = 0;
	size_t rows = 0;

	if (!run_list_check(map->runs))
		return false;
	for (struct place place = { 0, 0 }; (run = run_list_at(map->runs, place));
	     place = place_next(map->runs, place)) {
		if (run->start >= run->end || (run->start | run->end) % map->page_bytes)
			return false;
		if (before && (before->end > run->start || runs_equal(before, run)))
			return false;
		rows += begins_row(before, run);
		bytes += run->end - run->start;
		before = run;
	}
	return rows == map->rows && bytes == map->bytes;
}
