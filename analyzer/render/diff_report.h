/*
 * diff_report: two states side by side, by kind of memory and by call site, as text and as one JSON object.
 */
#ifndef VMATRACE_RENDER_DIFF_REPORT_H
#define VMATRACE_RENDER_DIFF_REPORT_H

#include <stdio.h>

#include "core/kinds.h"
#include "json.h"
#include "site_view.h"

/* One side; the recorder's own is left out. */
struct diff_side {
	const char *name; /* as it was asked for */
	uint64_t bytes;
	uint64_t vmas;
	uint64_t kind_bytes[KIND_COUNT];
	uint64_t kind_vmas[KIND_COUNT];
};

/* A site of either side; the totals of the other are 0. */
struct diff_site {
	const struct site_view *view; /* the newer side's, if it has it */
	struct site_totals old;
	struct site_totals new;
};

struct diff_report {
	struct diff_side old;
	struct diff_side new;
	const struct diff_site *sites; /* those that differ, the most grown first */
	size_t site_count;
	size_t limit; /* of sites in text; SIZE_MAX: all */
};

/* "new" (called on the new side only), "gone", "grown", "shrunk", or "same" in live bytes. */
const char *diff_site_state(const struct diff_site *site);

void diff_text(FILE *out, const struct diff_report *report, bool colored);
void diff_json(struct json *json, const struct diff_report *report);

#endif
