/*
 * change_names: a change of the address space as reports spell it.
 */
#include "walk.h"

static const char *const kind_names[CHANGE_COUNT] = {
	[CHANGE_CREATE] = "create", [CHANGE_REMOVE] = "remove",   [CHANGE_REPLACE] = "replace",
	[CHANGE_GROW] = "grow",     [CHANGE_SHRINK] = "shrink",   [CHANGE_SPLIT] = "split",
	[CHANGE_MERGE] = "merge",   [CHANGE_PROTECT] = "protect", [CHANGE_ADVISE] = "advise",
	[CHANGE_LOCK] = "lock",     [CHANGE_MOVE] = "move",       [CHANGE_IMPLICIT] = "implicit",
};

static const char *const cause_names[CAUSE_COUNT] = {
	[CAUSE_NONE] = "",
	[CAUSE_UNEXPLAINED] = "",
	[CAUSE_STACK_GROWTH] = "stack growth",
	[CAUSE_TRACER] = "tracer",
	[CAUSE_IO_SETUP] = "io_setup",
	[CAUSE_IO_DESTROY] = "io_destroy",
	[CAUSE_UPROBE] = "uprobe",
	[CAUSE_DRM_IOCTL] = "drm ioctl",
	[CAUSE_LEFT] = "call left",
};

const char *change_kind_name(enum change_kind kind)
{
	return kind < CHANGE_COUNT ? kind_names[kind] : "";
}

uint64_t vma_change_bytes(const struct vma_change *change)
{
	uint64_t bytes = change->end - change->start;

	return change->kind == CHANGE_LOCK && change->mapped_bytes < bytes ? change->mapped_bytes
	                                                                   : bytes;
}

const char *implicit_cause_name(enum implicit_cause cause)
{
	return cause < CAUSE_COUNT ? cause_names[cause] : "";
}
