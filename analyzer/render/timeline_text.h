/*
 * timeline_text: a process's changes for people.
 *
 *         seconds   event   thread  change   times  range  size  perms  what  who
 *        0.000123      @7     4711  create           ...
 *
 * Above or below them stands what all of them come to (timeline_head.h). It spells; what there is to say was computed
 * before.
 */
#ifndef VMATRACE_RENDER_TIMELINE_TEXT_H
#define VMATRACE_RENDER_TIMELINE_TEXT_H

#include <stdio.h>

#include "core/fold.h"
#include "thread_view.h"
#include "writer.h"

struct text_style {
	bool utf8;
	bool colored;
};

void timeline_text_columns(FILE *out, const struct text_style *style);
/* site: where the call was made, "" unknown. owner: whose stack it is about, or NULL. */
void timeline_text_line(struct writer *out, const struct fold_line *line, const char *site,
                        const struct thread_entry *owner, const struct text_style *style);
void timeline_text_left_out(FILE *out, const struct fold_result *result,
                            const struct text_style *style);

/* 1,234,567 into text of at least 27 bytes; returns text. */
char *text_grouped(char *text, uint64_t number);

#endif
