/*
 * vma_map: what the runs of a run_list mean. Every change is one splice between what is left of the runs at
 * both ends, the new run in it, joined with neighbours that are equal in everything. The number of
 * visible rows and of mapped bytes are carried along by looking at the neighbours of the splice only.
 */
#include "vma_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "objects.h"
#include "run_list.h"
#include "runs.h"
#include "undo_log.h"

struct vma_map {
	struct run_list *runs;
	struct object_table *objects;
	struct undo_log undo; /* since it was kept, up to where blocks are saved */
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

void vma_map_advise(struct vma_map *map, void (*advise)(void *memory, size_t bytes))
{
	map->runs->pool.advise = advise;
}

void vma_map_free(struct vma_map *map)
{
	if (!map)
		return;
	run_list_free(map->runs);
	object_table_free(map->objects);
	undo_log_release(&map->undo);
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

void vma_map_expect(struct vma_map *map, uint64_t address)
{
	run_list_expect(map->runs, address);
}

const struct vma_run *vma_map_next(const struct vma_map *map, const struct vma_run *run)
{
	return run_list_next(map->runs, run);
}

const struct vma_run *vma_map_before(const struct vma_map *map, uint64_t address)
{
	struct place place = run_list_find(map->runs, address);
	const struct vma_run *run = run_list_at(map->runs, place);

	return run && run->start < address ? run : run_list_before(map->runs, place);
}

void vma_map_span(const struct vma_map *map, uint64_t start, uint64_t end, struct vma_span *span)
{
	struct place place = run_list_find(map->runs, start);
	const struct vma_run *run = run_list_at(map->runs, place);

	*span = (struct vma_span) {
		.before = run_list_before(map->runs, place),
		.one_row = true,
	};
	for (; run && run->start < end; run = run_list_at(map->runs, place)) {
		if (span->last)
			span->one_row &= runs_join(span->last, run);
		else
			span->first = run;
		span->last = run;
		place = place_next(map->runs, place);
	}
	span->after = run;
}

/* True if a row begins with this run, given the one before it. */
static bool begins_row(const struct vma_run *before, const struct vma_run *run)
{
	return !before || before->end != run->start || !runs_join(before, run);
}

/* The runs that reach out of a range at its ends, or NULL; they may be one. */
struct cut {
	struct vma_run *left;
	struct vma_run *right;
};

/*
 * Takes [start, end), which the runs from `from` on have, out of the totals; returns the place behind them. `before` is
 * the run before them, or NULL. The row of what is left on the left stays counted.
 */
static struct place cut_out(struct vma_map *map, struct place from, const struct vma_run *before,
                            uint64_t start, uint64_t end, struct cut *cut)
{
	struct vma_run *run;
	struct place to = from;

	for (; (run = run_list_at(map->runs, to)) && run->start < end;
	     to = place_next(map->runs, to)) {
		uint64_t first = run->start;
		uint64_t last = run->end;

		if (first < start) {
			cut->left = run;
			first = start;
		} else {
			map->rows -= begins_row(before, run);
		}
		if (last > end) {
			cut->right = run;
			last = end;
		}
		map->bytes -= last - first;
		before = run;
	}
	if (run && !cut->right)
		map->rows -= begins_row(before, run);
	return to;
}

static bool write_down(struct vma_map *map, struct place from, struct place to, uint64_t start,
                       uint64_t end)
{
	bool fine = undo_log_change(&map->undo, start, end);

	for (; fine && (from.block != to.block || from.at != to.at);
	     from = place_next(map->runs, from))
		fine = undo_log_run(&map->undo, run_list_at(map->runs, from));
	return fine;
}

/* What [start, end) has, which are the runs [from, to), can be told afterwards if the map was kept. */
static bool remember(struct vma_map *map, struct place from, struct place to, uint64_t start,
                     uint64_t end)
{
	if (map->undo.open) {
		if (write_down(map, from, to, start, end))
			return true;
		run_list_keep(map->runs);
	}
	/* What is before them may be in the block before, and what follows in the one behind. */
	return run_list_save(map->runs, from.at || !from.block ? from.block : from.block - 1,
	                     to.block);
}

/*
 * [start, end) becomes `run`, or a hole if that is NULL. What reaches out of it is cut where it lies; only what is in
 * the middle of one run makes two of it.
 */
static bool replace(struct vma_map *map, uint64_t start, uint64_t end, const struct vma_run *run)
{
	struct run_list *list = map->runs;
	struct place from = run_list_find(list, start);
	const struct vma_run *before = run_list_before(list, from);
	struct vma_run inserted[SPLICE_RUNS];
	struct vma_run rest; /* of a run that goes on behind its middle */
	struct vma_run *after;
	struct cut cut = { NULL, NULL };
	size_t count = 0, rows = map->rows;
	uint64_t bytes = map->bytes;
	struct place to;

	if (!run_list_reserve(list))
		return false;
	to = cut_out(map, from, before, start, end, &cut);
	if (!remember(map, from, to, start, end)) {
		map->rows = rows;
		map->bytes = bytes;
		return false;
	}
	if (cut.right && cut.right == cut.left) {
		rest = *cut.right;
		rest.start = end;
		after = &rest;
	} else if (cut.right) {
		to = place_before(list, to);
		run_list_set_start(list, to, end);
		after = cut.right;
	} else {
		after = run_list_at(list, to);
	}
	if (cut.left) {
		run_list_set_end(list, from, start);
		from = place_next(list, from);
		before = cut.left;
	}
	if (!run) {
		map->rows += after && begins_row(before, after);
	} else {
		bool joins_after = after && after->start == end && runs_equal(run, after);

		map->bytes += end - start;
		map->rows += begins_row(before, run);
		map->rows += after && begins_row(run, after);
		if (before && before->end == start && runs_equal(before, run)) {
			run_list_set_end(list, place_before(list, from),
			                 joins_after ? after->end : end);
			if (joins_after && after != &rest)
				to = place_next(list, to);
			if (joins_after)
				after = NULL;
		} else if (joins_after && after == &rest) {
			rest.start = start;
		} else if (joins_after) {
			run_list_set_start(list, to, start);
		} else {
			inserted[count++] = *run;
		}
	}
	if (after == &rest)
		inserted[count++] = rest;
	run_list_splice(list, from, to, inserted, count);
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
	return start >= end || replace(map, start, end, NULL);
}

void vma_map_keep(struct vma_map *map)
{
	/* As many changes as take an eighth of the memory that blocks do. */
	undo_log_begin(&map->undo, 4 * map->runs->blocks);
	run_list_keep_none(map->runs);
}

/* Since blocks are saved. */
static bool take_back_blocks(struct vma_map *map)
{
	struct run_list *kept = run_list_kept(map->runs);
	const struct vma_run *before = NULL, *run;

	if (!kept)
		return false;
	run_list_free(map->runs);
	map->runs = kept;
	map->rows = 0;
	map->bytes = 0;
	for (struct place place = { 0, 0 }; (run = run_list_at(kept, place));
	     place = place_next(kept, place)) {
		map->rows += begins_row(before, run);
		map->bytes += run->end - run->start;
		before = run;
	}
	return true;
}

/* What reaches out of the range is there still, and was one with what is in it. */
static bool take_back(struct vma_map *map, const struct undo_change *change)
{
	bool fine = replace(map, change->start, change->end, NULL);

	for (size_t i = 0; fine && i < change->count; i++) {
		const struct vma_run *run = &map->undo.runs[change->first + i];

		fine = replace(map, run->start, run->end, run);
	}
	return fine;
}

bool vma_map_go_back(struct vma_map *map)
{
	const struct undo_change *change;

	if (!map->undo.open && !take_back_blocks(map))
		return false;
	map->undo.open = false;
	while ((change = undo_log_take(&map->undo))) {
		if (!take_back(map, change))
			return false;
	}
	return true;
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
