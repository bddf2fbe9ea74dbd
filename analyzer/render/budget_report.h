/*
 * budget_report: how many VMAs a process has of those it may have, who holds and who splits them, and which
 * calls failed for want of memory and why.
 */
#ifndef VMATRACE_RENDER_BUDGET_REPORT_H
#define VMATRACE_RENDER_BUDGET_REPORT_H

#include <stdio.h>

#include "core/shortage.h"
#include "io/trace_reader.h"
#include "json.h"
#include "site_view.h"

enum { BUDGET_SAMPLES = 60 };

/* The first call of a site that failed so. */
struct budget_failure {
	struct site_call call;
	int error; /* errno */
	uint64_t time_ns;
	struct shortage_facts facts;
	struct shortage_limits limits; /* as they were then, as far as that is known: */
	enum limits_known limits_known;
	enum shortage shortage;
	uint64_t count; /* of that site */
	const struct site_view *site;
};

/* VMAs are rows of maps, the recorder's own among them: the kernel counts those too. */
struct budget_report {
	const struct vmat_header *header;
	struct shortage_limits limits;
	uint64_t start;
	uint64_t peak;
	uint64_t peak_ns;
	uint64_t end;
	uint64_t
		kernel_end; /* rows of the last snapshot, where the kernel keeps more apart; 0 unknown */
	uint64_t samples[BUDGET_SAMPLES]; /* highest count in each part of [0, end_ns) */
	uint64_t end_ns;
	bool grows;                             /* steadily: */
	uint64_t reached_ns;                    /* after the end, the limit would be reached */
	const struct site_view *const *holders; /* by VMAs held, then by splits */
	const struct site_view *const *splitters;
	size_t holder_count;
	size_t splitter_count;
	const struct budget_failure *failures;
	size_t failure_count;
	size_t limit; /* of lines of each list in text */
};

void budget_text(FILE *out, const struct budget_report *report, bool utf8, bool colored);
void budget_json(struct json *json, const struct budget_report *report);

#endif
