/*
 * timeline_head: what a process's timeline comes to, for people: who it was, and what only its whole replay knows.
 *
 *     redis-server (4711): redis-server --port 0                                      the title
 *     1.25 s, 1,234 events, program's calls only                                      the summary ...
 *     mapped  ▁▂▂▅███▇▅  peak 132 MiB at 0.25 s, end 120 MiB
 *     VMAs    ▁▂▃▃▅▅▅▇█  peak 345 at 1.1 s, end 320
 *     kinds   at the peak: text 12 MiB in 14, anonymous 34 MiB in 5, ...
 *
 * Changes that were kept stand below both; those that are printed as they are replayed stand between them.
 * It spells; what there is to say was computed before.
 */
#ifndef VMATRACE_RENDER_TIMELINE_HEAD_H
#define VMATRACE_RENDER_TIMELINE_HEAD_H

#include <stdio.h>

#include "core/kinds.h"
#include "core/timeline.h"
#include "io/trace_reader.h"
#include "timeline_text.h"

/* How much of the address space is of one kind. */
struct kind_total {
	uint64_t bytes;
	uint64_t vmas;
};

struct timeline_view {
	const struct vmat_header *header;
	const struct trace_counts *counts;
	const struct timeline *timeline;
	uint64_t from_ns; /* the curve's span */
	uint64_t to_ns;
	struct kind_total at_peak[KIND_COUNT];
	bool has_kinds;
};

/* Known before anything is replayed. */
void timeline_title(FILE *out, const struct vmat_header *header, const struct text_style *style);
void timeline_summary(FILE *out, const struct timeline_view *view, const struct text_style *style);
/* One line for a whole process, where there are many, and what its columns are. */
void timeline_brief_columns(FILE *out, const struct text_style *style);
void timeline_brief(FILE *out, const struct timeline_view *view, const struct text_style *style);

#endif
