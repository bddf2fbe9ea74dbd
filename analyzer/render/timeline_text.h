/*
 * timeline_text: a process's timeline for people.
 *
 *     redis-server (4711): redis-server --port 0
 *     1.25 s, 1,234 events, program's calls only
 *     mapped  ▁▂▂▅███▇▅  peak 132 MiB at 0.25 s, end 120 MiB
 *     VMAs    ▁▂▃▃▅▅▅▇█  peak 345 at 1.1 s, end 320
 *     kinds   at the peak: text 12 MiB in 14, anonymous 34 MiB in 5, ...
 *
 *         seconds   event   thread  change   times  range  size  perms  what  who
 *        0.000123      @7     4711  create           ...
 *
 * It spells; what there is to say was computed before.
 */
#ifndef VMATRACE_RENDER_TIMELINE_TEXT_H
#define VMATRACE_RENDER_TIMELINE_TEXT_H

#include <stdio.h>

#include "core/fold.h"
#include "core/kinds.h"
#include "core/timeline.h"
#include "io/trace_reader.h"
#include "thread_view.h"
#include "writer.h"

struct text_style {
	bool utf8;
	bool colored;
};

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

/* These return how many lines they printed. */
size_t timeline_text_head(FILE *out, const struct timeline_view *view,
                          const struct text_style *style);
/* One line for a whole process, where there are many, and what its columns are. */
size_t timeline_text_brief_columns(FILE *out, const struct text_style *style);
size_t timeline_text_brief(FILE *out, const struct timeline_view *view,
                           const struct text_style *style);
size_t timeline_text_columns(FILE *out, const struct text_style *style);
/* site: where the call was made, "" unknown. owner: whose stack it is about, or NULL. */
void timeline_text_line(struct writer *out, const struct fold_line *line, const char *site,
                        const struct thread_entry *owner, const struct text_style *style);
void timeline_text_left_out(FILE *out, const struct fold_result *result,
                            const struct text_style *style);

/* 1,234,567 into text of at least 27 bytes; returns text. */
char *text_grouped(char *text, uint64_t number);

#endif
