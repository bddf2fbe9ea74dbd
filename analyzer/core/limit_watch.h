/*
 * limit_watch: what the rules max-vmas and max-mapped have in common: an address space must not get larger than
 * a limit, by whatever it is measured. The recorder's own share is not counted.
 *
 * The finding is the program's, whatever call went over the limit: of two threads that grow it, now one does
 * and now the other. What it names is the call site that holds most when the limit is first passed.
 */
#ifndef VMATRACE_CORE_LIMIT_WATCH_H
#define VMATRACE_CORE_LIMIT_WATCH_H

#include "rules.h"

/* How an address space is measured. */
struct measure {
	uint64_t (*now)(const struct rule_run *run, const struct vma_map *map);
	/* What one run of the map adds to it, and the event that is to blame for that. */
	uint64_t (*weight)(const struct vma_run *vma);
	uint64_t (*author)(const struct vma_run *vma);
};

/* A rule's state, all 0 at the start of each process. */
struct limit_watch {
	uint64_t peak;
	struct finding *finding; /* NULL: not over the limit yet */
};

/* What such a rule does, by its measure. */
void limit_watch_passed(struct rule_run *run, const struct walk *walk);
void limit_watch_checkpoint(struct rule_run *run, const struct walk *walk,
                            const struct checkpoint *checkpoint);
void limit_watch_process_end(struct rule_run *run, const struct walk *walk);

/* `all` without what is the recorder's own. */
uint64_t limit_watch_without(uint64_t all, uint64_t own);

#endif
