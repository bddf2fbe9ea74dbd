/*
 * timeline: what the two files of the timeline command share. One process is gathered
 * (timeline_gather.c) and then printed, or its changes are printed while it is.
 */
#ifndef VMATRACE_CMD_TIMELINE_H
#define VMATRACE_CMD_TIMELINE_H

#include <stdatomic.h>

#include "core/fold.h"
#include "core/number_table.h"
#include "core/timeline.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "makers.h"
#include "moment.h"
#include "options.h"
#include "relay.h"
#include "render/json.h"
#include "render/spelled.h"
#include "render/timeline_head.h"

enum { GATHERING_LINE = 64 }; /* of the cache: what two threads write shares none */

/* One process: what is asked for above, what is found out below. */
struct gathering {
	const struct filter *filter;
	struct trace *trace;
	struct symbols *symbols;
	/* Before the first change, of a trace that can be replayed; or NULL. */
	void (*begins)(struct gathering *gathering);
	struct fold *fold; /* NULL: changes are not kept ... */
	/* Of the event there are seq, time_ns, args[0] and [1], caller, tid, stack, call, flags, failed, in_flight, left. */
	void (*print)(struct gathering *gathering, const struct vma_change *change,
	              enum vma_kind kind); /* ... but printed one by one; or NULL */
	struct writer *writer;
	struct spelled *spelled; /* stacks or call sites */
	struct json *json;
	enum output_format format;
	const struct text_style *style;
	uint64_t print_limit; /* of `print`; 0: none */
	bool wants_curve;     /* the curve and the peaks */
	bool wants_peak;      /* what lay there when most was mapped, too */
	/* Said by the taker: the walk need not go on. Here, for both look at these and nobody else writes beside it. */
	atomic_bool enough;

	/* Found out by whom the walk's changes are given to (relay.h), if they are. */
	_Alignas(GATHERING_LINE) struct makers makers;
	struct number_table sites; /* symbols_key() -> call site, as changes are folded by */
	uint64_t counted[CHANGE_COUNT];
	uint64_t printed;
	bool taker_failed; /* out of memory */

	/* By the walk. */
	_Alignas(GATHERING_LINE) struct timeline timeline;
	struct relay *relay;
	struct walk *walk;
	bool peak_moved; /* since the walk was told to keep what is there */
	bool peak_kept;
	uint64_t last_seq;
	uint64_t peak_seq; /* the last event before what was kept */
	struct kind_total at_peak[KIND_COUNT];
	struct waiting_change *waiting;
	size_t waiting_count;
	struct rows known; /* as of the last snapshot, for what vanishes */
	struct when_point from;
	struct when_point to;
	bool started;
	bool failed; /* out of memory */
	uint64_t from_ns;
	uint64_t last_ns;
};

/* Walks through the trace. STATUS_FINE, or one line on stderr and what to exit with. */
int timeline_gather(struct gathering *gathering);
#endif
