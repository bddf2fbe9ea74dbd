/*
 * info: one trace described: what was traced and how much of it is there. Spelled as text and as JSON from
 * the same facts, which cmd/info.c gathers.
 */
#ifndef VMATRACE_RENDER_INFO_H
#define VMATRACE_RENDER_INFO_H

#include "core/walk.h"
#include "event_text.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "json.h"

enum process_end {
	END_EXITED,  /* the exit snapshot was taken */
	END_EXITING, /* and the process is still there */
	END_EXECED,  /* the process runs another image; that has a trace of its own */
	END_RUNNING,
	END_GONE, /* killed, crashed, or left by _exit: no exit snapshot */
};

struct info {
	const struct trace *trace;
	enum process_end end;
	bool has_status; /* somebody waited for it: */
	int wait_status; /* what wait(2) said */
	struct symbols *symbols;
	const struct event *in_flight; /* calls that had begun and not ended */
	size_t in_flight_count;
	bool has_base; /* false: there was nothing to replay from, the next two say nothing */
	struct walk_totals totals;
	size_t explained[CAUSE_COUNT]; /* implicit changes by cause */
};

void info_text(FILE *out, const struct info *info, bool color);
/* The members of an object that the caller begins and ends. */
void info_json(const struct info *info, struct json *json);

/* Names that both spell alike. */
const char *info_end_name(enum process_end end); /* "exited", "killed", ... */
const char *info_sites_off(uint32_t why);        /* why the site layer is not in force */
const char *info_stopped(uint32_t why);          /* why nothing more was recorded, NULL if it was */
const char *info_snapshot_reason(uint32_t reason); /* "start", "exit", ... */
const char *info_on_full(uint32_t policy);         /* "overwrite", ... */
const char *info_stack_mode(uint32_t mode);        /* "cfi", ... */

#endif
