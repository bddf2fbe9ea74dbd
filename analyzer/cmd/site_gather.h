/*
 * site_gather: the call sites of one process, as the filters of `sites` see them: what was called, what it
 * mapped, what of that is still there.
 *
 *     trace ── walk to --to ── extents of the map, each with the event that made it ── live bytes
 *        └──── all events, as the walk reads them or in a pass beside it ────────────── calls, time
 *
 * In cmd/, so a failure is one line on stderr and an exit status.
 */
#ifndef VMATRACE_CMD_SITE_GATHER_H
#define VMATRACE_CMD_SITE_GATHER_H

#include "core/site_table.h"
#include "moment.h"
#include "options.h"

struct site_gathering {
	const struct filter *filter;
	struct trace *trace;
	const struct walk_observer *also; /* told of the same walk, its `after` excepted; or NULL */
	struct symbols *symbols;          /* borrowed, as the two above */
	/* Calls are counted by the thread that walks: the other processor has another gathering to do. */
	bool in_walk;
	struct site_table *table; /* what comes out */
	/* Of two: called where the moment is, which is gone when it has returned. False: out of memory. */
	bool (*arrived)(void *context, struct moment *moment);
	void *context;
	struct moment moment; /* where the walk ended; its rows are extents */
	struct when_point from;
	struct when_point to;

	uint64_t vma_count; /* as of the last change */
	struct makers makers;
	bool of_kind; /* the present event changed a VMA of a wanted kind */
	bool failed;  /* out of memory */
};

/* STATUS_FINE or what to exit with; release in either case. */
int site_gather(struct site_gathering *gathering);
/*
 * Two moments of one trace in one walk, whichever comes first. Both have the same trace and symbols, a filter that says
 * nothing but --to, and that found: `to`. STATUS_FINE, or one line on stderr for both and what to exit with.
 */
int site_gather_two(struct site_gathering *const both[2]);
void site_gathering_release(struct site_gathering *gathering);

#endif
