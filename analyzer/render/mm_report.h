/*
 * mm_report: one mm_struct view, for people and for programs.
 */
#ifndef VMATRACE_RENDER_MM_REPORT_H
#define VMATRACE_RENDER_MM_REPORT_H

#include <stdio.h>

#include "core/mm.h"
#include "core/mm_parts.h"
#include "thread_view.h"
#include "vmatrace/trace_format.h"

struct mm_stack {
	const struct vma_row *row;
	enum vma_kind kind;
	const struct thread_entry *owner; /* or NULL: not known */
};

struct mm_report {
	const struct vmat_header *header;
	const struct mm_view *view;
	const char *at;    /* WHEN as it was given */
	bool locked_known; /* false: memory ran out while locks were followed */
	const struct mm_part *kinds;
	size_t kind_count;
	uint64_t kind_more; /* VMAs that are counted once more, as they are of several kinds */
	const struct mm_part *files;
	size_t file_count;
	const struct mm_stack *stacks;
	size_t stack_count;
	uint64_t seq; /* of the last event that counts */
};

void mm_text(FILE *out, const struct mm_report *report);
void mm_json(struct json *json, const struct mm_report *report);

#endif
