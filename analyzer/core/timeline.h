/*
 * timeline: what a walk's changes amount to: how many of each, the peaks and when they were, the
 * curve of mapped bytes and of the VMA count. Which changes count is the caller's choice; the curve
 * always knows the whole address space but for what is the recorder's own.
 */
#ifndef VMATRACE_CORE_TIMELINE_H
#define VMATRACE_CORE_TIMELINE_H

#include "curve.h"
#include "walk.h"

struct timeline_peak {
	uint64_t value;
	uint64_t seq; /* of the event it was reached by; CREATED_BEFORE: it began so */
	uint64_t time_ns;
};

struct timeline {
	struct curve curve;
	struct curve_value own; /* the recorder's, to be taken off the walk's totals */
	struct curve_value now; /* without it */
	struct curve_value start;
	struct timeline_peak peak_bytes;
	struct timeline_peak peak_vmas;
	uint64_t changes[CHANGE_COUNT];
	uint64_t total_changes;
	bool begun;
};

void timeline_init(struct timeline *timeline);
/* Where the walk stands before the first change. */
void timeline_begin(struct timeline *timeline, const struct walk *walk,
                    const struct curve_value *own, uint64_t time_ns);
/* After each change, counted or not: the curve follows all of them. True: there were never as many bytes before. */
bool timeline_follow(struct timeline *timeline, const struct vma_change *change);
/* That many changes of a kind count. */
void timeline_count(struct timeline *timeline, enum change_kind kind, uint64_t count);

#endif
