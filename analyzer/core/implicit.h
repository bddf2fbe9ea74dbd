/*
 * implicit.h: the model held against a snapshot. What differs and no event explains becomes an implicit
 * change, applied to the model; what a call that ran during the read touched is uncertain and left alone.
 *
 * A difference is "explained" if its cause is known without an event:
 *
 *     stack growth   pages appeared just below a grows-down VMA, with its protection
 *     tracer         between the snapshots before and after the recorder loaded the unwinder
 *     call left      where a call was at work that never said how it ended (left.h)
 *     io_setup ...   by a name that the kernel gives to nothing else, and that no mmap could have brought
 *                    (the table in implicit.c)
 *
 * All else is unexplained, and stays so: shadow stacks and what KVM maps for itself have no name of their own,
 * io_uring's and perf's rings are mapped by calls that should be events. A file that only changed its name (renamed, unlinked) is no change of the map:
 * the new name is taken over and nothing is counted.
 */
#ifndef VMATRACE_CORE_IMPLICIT_H
#define VMATRACE_CORE_IMPLICIT_H

#include "replay.h"
#include "uncertain.h"
#include "walk.h"

/* True if the call may have changed the map between the snapshot's first read and its last. */
bool snapshot_overlaps(const struct snapshot *snapshot, const struct event *event);

struct implicit_context {
	struct replay *replay;
	const struct snapshot *snapshot;
	const struct snapshot *since; /* before it: what differs now was as the model has it */
	const struct uncertain *uncertain;
	struct uncertain *left; /* what calls may have changed that were left before it; used up */
	bool after_tracer; /* the snapshot before this one was taken just before the unwinder was loaded */
	uint64_t start_brk;
	/* Told each change, its event and totals filled in. */
	void (*change)(void *self, const struct vma_change *change);
	void *self;
};

/* Compares, applies, tells, and fills in *checkpoint. False: out of memory. */
bool implicit_changes(const struct implicit_context *context, struct checkpoint *checkpoint);

#endif
