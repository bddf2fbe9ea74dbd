/*
 * history_tell: one walk through one process, and what it says of some pages.
 */
#ifndef VMATRACE_CMD_HISTORY_TELL_H
#define VMATRACE_CMD_HISTORY_TELL_H

#include "core/page_history.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "render/history_report.h"
#include "when.h"

/* One process, as its history is told. */
struct telling {
	struct trace *trace;
	struct symbols *symbols;
	struct page_history pages;
	const struct walk *walk;
	struct json *json;        /* NULL: text; rows are kept until all are known */
	bool lines;               /* JSON: each row a document */
	bool internal;            /* the recorder's own changes too */
	bool failed;              /* out of memory */
	struct history_row *rows; /* the last ones, in a ring of `room` */
	size_t room;
	size_t limit; /* of rows kept; SIZE_MAX: all */
	size_t seen;
	uint64_t last_ns; /* of the last event */
};

/*
 * Walks to the point and prints. fault: NULL, or to be explained and told, as of fault_ns (0: nobody knows when). JSON:
 * the rows, and the fault as the next member of the object they are in. STATUS_FINE, or one line on stderr
 * and what to exit with.
 */
int history_tell(struct telling *telling, const struct when_point *point,
                 struct history_fault *fault, uint64_t fault_ns, bool colored);

#endif
