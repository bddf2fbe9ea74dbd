/*
 * mm_report: one mm_struct view, for people and for programs.
 */
#ifndef VMATRACE_RENDER_MM_REPORT_H
#define VMATRACE_RENDER_MM_REPORT_H

#include <stdio.h>

#include "core/mm.h"
#include "json.h"
#include "vmatrace/trace_format.h"

struct mm_report {
	const struct vmat_header *header;
	const struct mm_view *view;
	const char *at;    /* WHEN as it was given */
	bool locked_known; /* false: memory ran out while locks were followed */
};

void mm_text(FILE *out, const struct mm_report *report);
void mm_json(struct json *json, const struct mm_report *report);

#endif
