/*
 * runs.h: what the model asks of single runs and rows: are two one VMA, what does a row of the kernel say
 * of an address. Shared by vma_map, the replay and the comparison; reports want vma_map.h.
 */
#ifndef VMATRACE_CORE_RUNS_H
#define VMATRACE_CORE_RUNS_H

#include "objects.h"
#include "vma_map.h"

/* True if `high` touches `low` and nothing at all differs: they are one run. */
bool runs_equal(const struct vma_run *low, const struct vma_run *high);

/*
 * True if `high` touches `low` and both are one row: nothing visible differs, and the kernel does not keep
 * them apart for what no row shows (the recorder's own, grows-down memory, two attachments, two base rows).
 */
bool runs_join(const struct vma_run *low, const struct vma_run *high);

/* What a row of the kernel says its pages are; delta, object, prot and shared are set, all else is 0. */
bool run_of_row(struct vma_map *map, const struct vma_row *row, struct vma_run *run);

/* True for a row that carries a label ([heap], [stack]) instead of a name of its own. */
bool row_is_labelled(const struct vma_row *row);

const struct object *vma_map_object_at(const struct vma_map *map, object_id id);

#endif
