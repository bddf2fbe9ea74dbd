/*
 * runs.h: what the model asks of single runs and rows: are two one VMA, what does a row of the kernel say
 * of an address. Shared by vma_map, the replay and the comparison; reports want vma_map.h.
 */
#ifndef VMATRACE_CORE_RUNS_H
#define VMATRACE_CORE_RUNS_H

#include <stddef.h>
#include <string.h>

#include "objects.h"
#include "vma_map.h"

enum {
	COMMON_FROM = offsetof(struct vma_run, object),
	COMMON_BYTES = offsetof(struct vma_run, map_flags) - COMMON_FROM,
};

/* Members side by side, as one: at every change several runs are held against each other. */
static inline bool runs_alike(const struct vma_run *low, const struct vma_run *high)
{
	_Static_assert(COMMON_BYTES == sizeof(object_id) + sizeof(uint32_t) + 4,
	               "no padding, nothing else");
	return low->end == high->start && low->delta == high->delta &&
	       memcmp((const char *)low + COMMON_FROM, (const char *)high + COMMON_FROM,
	              COMMON_BYTES) == 0;
}

/* True if `high` touches `low` and nothing at all differs: they are one run. */
static inline bool runs_equal(const struct vma_run *low, const struct vma_run *high)
{
	return low->changed_by == high->changed_by && low->created_by == high->created_by &&
	       runs_alike(low, high) && low->row == high->row && low->map_flags == high->map_flags;
}

/*
 * True if `high` touches `low` and both are one row: nothing visible differs, and the kernel does not keep
 * them apart for what no row shows (the recorder's own, grows-down memory, two attachments, two base rows).
 */
static inline bool runs_join(const struct vma_run *low, const struct vma_run *high)
{
	return runs_alike(low, high) && !(low->row && high->row && low->row != high->row);
}

/* What a row of the kernel says its pages are; delta, object, prot and shared are set, all else is 0. */
bool run_of_row(struct vma_map *map, const struct vma_row *row, struct vma_run *run);

/* True for a row that carries a label ([heap], [stack]) instead of a name of its own. */
bool row_is_labelled(const struct vma_row *row);

const struct object *vma_map_object_at(const struct vma_map *map, object_id id);

#endif
