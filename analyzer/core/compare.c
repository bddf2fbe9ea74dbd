/*
 * compare: a merge of two sorted lists, the runs of the model and the rows of the kernel.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "runs.h"

void differences_release(struct differences *differences)
{
	free(differences->items);
	*differences = (struct differences) { 0 };
}

/* True if `high` is more of the same on both sides. */
static bool continues(const struct difference *low, const struct difference *high)
{
	return low->end == high->start && low->renamed == high->renamed &&
	       low->mapped_before == high->mapped_before &&
	       low->mapped_after == high->mapped_after &&
	       (!low->mapped_before || runs_join(&low->before, &high->before)) &&
	       (!low->mapped_after || runs_join(&low->after, &high->after));
}

bool differences_add(struct differences *differences, const struct difference *difference)
{
	if (differences->count == differences->capacity) {
		size_t capacity = differences->capacity ? 2 * differences->capacity : 16;
		struct difference *items =
			reallocarray(differences->items, capacity, sizeof(*items));

		if (!items)
			return false;
		differences->items = items;
		differences->capacity = capacity;
	}
	differences->items[differences->count++] = *difference;
	return true;
}

static bool add_or_extend(struct differences *differences, const struct difference *difference)
{
	struct difference *last =
		differences->count ? &differences->items[differences->count - 1] : NULL;

	if (!last || !continues(last, difference))
		return differences_add(differences, difference);
	last->end = difference->end;
	last->before.end = difference->before.end;
	last->after.end = difference->after.end;
	return true;
}

/*
 * A private mapping of /dev/zero is anonymous memory that shows an offset. Moved before it was ever touched,
 * it gets its new address for one (mm/vma.c, copy_vma); moved later, it keeps its old one. Which, no call
 * tells, and the memory is the same.
 */
static bool is_rebased(const struct object *object, const struct vma_run *row)
{
	return !row->shared && row->delta == 0 && strcmp(object->name, "/dev/zero") == 0;
}

/* The same thing at the same place in it, its name apart. */
static bool same_thing(const struct vma_map *map, const struct vma_run *run,
                       const struct vma_run *row, bool labelled)
{
	const struct object *object = vma_map_object_at(map, run->object);

	if (run->shared != row->shared || (run->delta != row->delta && !is_rebased(object, row)))
		return false;
	if (labelled) /* the label hides the name that anonymous memory may have */
		return object_is_anonymous(object);
	return run->object == row->object ||
	       object_renamed(object, vma_map_object_at(map, row->object));
}

/* Fills in renamed. True if [start, end) needs no difference at all. */
static bool agrees(const struct vma_map *map, struct difference *difference, bool labelled)
{
	if (difference->mapped_before != difference->mapped_after)
		return false;
	if (!difference->mapped_before)
		return true;
	if (difference->before.prot != difference->after.prot ||
	    !same_thing(map, &difference->before, &difference->after, labelled))
		return false;
	difference->renamed = !labelled && (difference->before.object != difference->after.object ||
	                                    difference->before.delta != difference->after.delta);
	return !difference->renamed;
}

bool compare_rows(struct vma_map *map, uint64_t start, uint64_t end, const struct vma_row *rows,
                  size_t row_count, struct differences *differences)
{
	const struct vma_row *converted = NULL;
	const struct vma_run *run = vma_map_at(map, start);
	struct vma_run kernel = { 0 };
	size_t i = 0;

	for (uint64_t at = start, stop = end; at < end; at = stop, stop = end) {
		const struct vma_row *row;
		struct difference difference = { .start = at };

		if (run && run->end <= at)
			run = vma_map_next(map, run);
		while (i < row_count && rows[i].end <= at)
			i++;
		row = i < row_count && rows[i].start <= at ? &rows[i] : NULL;
		if (row && row->end < stop)
			stop = row->end;
		if (!row && i < row_count && rows[i].start < stop)
			stop = rows[i].start;
		difference.mapped_before = run && run->start <= at;
		if (run && (difference.mapped_before ? run->end : run->start) < stop)
			stop = difference.mapped_before ? run->end : run->start;

		difference.end = stop;
		difference.mapped_after = row != NULL;
		if (row && row != converted) {
			if (!run_of_row(map, row, &kernel))
				return false;
			converted = row;
		}
		if (difference.mapped_before) {
			difference.before = *run;
			difference.before.start = at;
			difference.before.end = stop;
		}
		if (row) {
			difference.after = kernel;
			difference.after.start = at;
			difference.after.end = stop;
		}
		if (!agrees(map, &difference, row && row_is_labelled(row)) &&
		    !add_or_extend(differences, &difference))
			return false;
	}
	return true;
}

bool difference_apply(struct vma_map *map, const struct difference *difference, uint64_t seq)
{
	const struct vma_run *after = &difference->after;

	if (!difference->mapped_after)
		return vma_map_clear(map, difference->start, difference->end);
	for (uint64_t at = difference->start, stop; at < difference->end; at = stop) {
		const struct vma_run *run = vma_map_at(map, at);
		bool mapped = run && run->start <= at;
		struct vma_run piece = *after;

		stop = difference->end;
		if (run && (mapped ? run->end : run->start) < stop)
			stop = mapped ? run->end : run->start;
		if (mapped && same_thing(map, run, after, false)) {
			piece = *run;
			piece.prot = after->prot;
			piece.object = after->object;
			piece.delta = after->delta;
		}
		piece.start = at;
		piece.end = stop;
		if (!difference->renamed) {
			piece.row = 0;
			piece.changed_by = seq;
		}
		if (!vma_map_set(map, &piece))
			return false;
	}
	return true;
}
