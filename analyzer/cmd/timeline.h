/*
 * timeline: what the two files of the timeline command share. One process is gathered
 * (timeline_gather.c) and then printed, or printed while it is gathered.
 */
#ifndef VMATRACE_CMD_TIMELINE_H
#define VMATRACE_CMD_TIMELINE_H

#include <stdatomic.h>

#include "core/fold.h"
#include "core/number_table.h"
#include "core/timeline.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "moment.h"
#include "options.h"
#include "relay.h"
#include "render/json.h"
#include "render/spelled.h"
#include "render/timeline_text.h"
#include "trailing.h"

/* One process: what is asked for above, what is found out below. */
struct gathering {
	const struct filter *filter;
	struct trace *trace;
	struct symbols *symbols;
	struct fold *fold; /* NULL: changes are not kept ... */
	void (*print)(struct gathering *gathering, const struct vma_change *change,
	              enum vma_kind kind); /* ... but printed one by one; or NULL */
	struct writer *writer;
	struct spelled *spelled; /* stacks or call sites */
	struct json *json;
	enum output_format format;
	const struct text_style *style;
	uint64_t print_limit; /* of `print`; 0: none */

	/* Found out by whom the walk's changes are given to (relay.h). */
	struct timeline timeline;
	struct makers makers;
	struct number_table sites; /* symbols_key() -> call site, as changes are folded by */
	struct trailing *trailing; /* to be told where the peak is, or NULL */
	uint64_t peak_changes;     /* as many of the walk's changes until the peak of bytes */
	uint64_t told_changes;     /* of those, what `trailing` knows */
	uint64_t taken;
	uint64_t printed;
	uint64_t last_change_ns;
	bool taker_failed;  /* out of memory */
	atomic_bool enough; /* the walk need not go on */

	/* By the walk. */
	struct relay *relay;
	struct curve_value own; /* the recorder's memory */
	uint64_t changes;       /* that the walk has told of */
	const struct walk *walk;
	struct waiting_change *waiting;
	size_t waiting_count;
	struct rows known; /* as of the last snapshot, for what vanishes */
	struct when_point from;
	struct when_point to;
	bool started;
	bool begun;
	bool failed; /* out of memory */
	uint64_t from_ns;
	uint64_t last_ns;
};

/* Walks through the trace. STATUS_FINE, or one line on stderr and what to exit with. */
int timeline_gather(struct gathering *gathering);
#endif
