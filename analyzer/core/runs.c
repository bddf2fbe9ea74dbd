/*
 * runs: runs and rows side by side. [heap] and [stack] are labels that the kernel puts on a whole VMA from
 * brk and start_stack; they are stripped here and put back by labels.c alone.
 */
#include "runs.h"

#include <string.h>

bool row_is_labelled(const struct vma_row *row)
{
	return !row->inode && !row->dev_major && !row->dev_minor &&
	       (strcmp(row->name, "[heap]") == 0 || strcmp(row->name, "[stack]") == 0);
}

bool run_of_row(struct vma_map *map, const struct vma_row *row, struct vma_run *run)
{
	*run = (struct vma_run) {
		.start = row->start,
		.end = row->end,
		.prot = row->prot,
		.shared = row->shared,
	};
	if (row_is_labelled(row))
		return true;
	if (!vma_map_object(map, row->dev_major, row->dev_minor, row->inode, row->name,
	                    &run->object))
		return false;
	if (object_has_offsets(vma_map_object_at(map, run->object)))
		run->delta = row->offset - row->start;
	return true;
}

bool vma_rows_join(const struct vma_row *low, const struct vma_row *high)
{
	bool has_file = low->inode || low->dev_major || low->dev_minor;
	const char *low_name = row_is_labelled(low) ? "" : low->name;
	const char *high_name = row_is_labelled(high) ? "" : high->name;

	return low->end == high->start && low->prot == high->prot && low->shared == high->shared &&
	       low->inode == high->inode && low->dev_major == high->dev_major &&
	       low->dev_minor == high->dev_minor && strcmp(low_name, high_name) == 0 &&
	       (!has_file || low->offset + (low->end - low->start) == high->offset);
}

/* Which of two events changed a page last. What was there before recording is older than any. */
static uint64_t later(uint64_t a, uint64_t b)
{
	if (a == CREATED_BEFORE || b == CREATED_BEFORE)
		return a == CREATED_BEFORE ? b : a;
	return a > b ? a : b;
}

static struct vma_row_info row_of_run(const struct vma_map *map, const struct vma_run *run)
{
	const struct object *object = vma_map_object_at(map, run->object);

	return (struct vma_row_info){
		.row = {
			.start = run->start,
			.end = run->end,
			.offset = object_has_offsets(object) ? run->start + run->delta : 0,
			.inode = object->inode,
			.dev_major = object->dev_major,
			.dev_minor = object->dev_minor,
			.prot = run->prot,
			.shared = run->shared,
			.name = object->name,
		},
		.created_by = run->created_by,
		.changed_by = run->changed_by,
		.internal = run->internal,
		.grows_down = run->grows_down,
		.loaded = run->map_flags & RUN_LOADED,
	};
}

static size_t read_rows(const struct vma_map *map, struct vma_row_info *rows, size_t limit,
                        bool (*join)(const struct vma_run *low, const struct vma_run *high))
{
	const struct vma_run *last = NULL;
	size_t count = 0;

	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		if (last && join(last, run)) {
			if (count <= limit) {
				rows[count - 1].row.end = run->end;
				rows[count - 1].changed_by =
					later(rows[count - 1].changed_by, run->changed_by);
			}
		} else if (count++ < limit) {
			rows[count - 1] = row_of_run(map, run);
		}
		last = run;
	}
	return count;
}

size_t vma_map_rows(const struct vma_map *map, struct vma_row_info *rows, size_t limit)
{
	return read_rows(map, rows, limit, runs_join);
}

static bool extents_join(const struct vma_run *low, const struct vma_run *high)
{
	return low->created_by == high->created_by && runs_join(low, high);
}

size_t vma_map_extents(const struct vma_map *map, struct vma_row_info *rows, size_t limit)
{
	return read_rows(map, rows, limit, extents_join);
}
