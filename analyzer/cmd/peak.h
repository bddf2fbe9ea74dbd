/*
 * peak: the moment of most bytes, or of most VMAs, followed by the observer of a walk that does not know yet how the
 * trace goes on. Of equal ones the first; the same moment whether it is looked for alone (when.c) or kept on the way
 * (moment_peak.c), for this is the only place that says which it is.
 *
 *     bytes      __/\____/\          @7, then @9: the walk stood at each, and was to be kept there
 *     event      ..7.8...9.
 *
 * Owner: the caller of peak_begin(); there is nothing to release.
 */
#ifndef VMATRACE_CMD_PEAK_H
#define VMATRACE_CMD_PEAK_H

#include "core/walk.h"
#include "io/trace_reader.h"
#include "when.h"

struct peak {
	enum when_kind kind;
	uint64_t most;
	struct when_point at; /* as far as the walk has come */
	bool ahead;           /* the walk has not stood there yet */
};

/* kind: WHEN_PEAK or WHEN_PEAK_VMAS. */
void peak_begin(struct peak *peak, enum when_kind kind);

/* As the observer's functions of the same names. True: the walk stands at what is the peak so far. */
bool peak_before(struct peak *peak, const struct walk *walk, const struct event *event);
void peak_change(struct peak *peak, const struct vma_change *change);
bool peak_after(struct peak *peak, const struct event *event);
/* The walk has come to its end: true if it stands at the peak there. `at` is known for good. */
bool peak_end(struct peak *peak, const struct walk *walk);

/* How such a walk ended: STATUS_FINE, or one line on stderr and STATUS_TRACE. */
int peak_walked(enum walk_status status, const struct trace *trace);

#endif
