/*
 * history_report: what happened to some pages, as text and as JSON; and what was wrong with an address.
 *
 *     0x7fc78d52d010: not mapped; removed 1.2 ms before the end by munmap  main (protect.c:87)
 *
 *         seconds   event   thread  change   range                      perms     lasted  call  who
 *        0.000669     @24    28964  create   7fc78d52c000-7fc78d534000  rw-p    563.2 us  mmap  main (protect.c:74)
 */
#ifndef VMATRACE_RENDER_HISTORY_REPORT_H
#define VMATRACE_RENDER_HISTORY_REPORT_H

#include <stdio.h>

#include "core/fault.h"
#include "core/page_history.h"
#include "json.h"
#include "site_view.h"
#include "thread_view.h"

/* One change, as it was for the pages. */
struct history_row {
	struct page_change seen;
	enum implicit_cause cause;
	uint64_t start; /* of the whole change */
	uint64_t end;
	uint64_t old_start;                /* CHANGE_MOVE */
	bool moved_away;                   /* CHANGE_MOVE, and it took the pages from here */
	struct event event;                /* its pointers live as long as the trace */
	const struct thread_entry *thread; /* that made it, or NULL */
};

/* What is there at the end of the walk. */
struct history_now {
	bool mapped;
	const struct vma_row *row; /* that holds the first page */
	enum vma_kind kind;
	struct page_range pages; /* those asked for, whole */
	bool several;            /* more than one */
	uint64_t pages_mapped;   /* bytes of them */
	size_t pages_vmas;
	bool pages_alike;                 /* all are of that row, kind and owner */
	const struct thread_entry *owner; /* whose stack it is, or is the guard of; or NULL */
	uint64_t seq;                     /* of that moment */
	uint64_t time_ns;                 /* of the moment it is told for */
	bool at_least;                    /* it was then or later: a core does not tell when */
};

/* Until any of the pages of a change changed again. */
struct history_lasted {
	bool known;  /* false: they have not */
	bool longer; /* than that: the next changes were all of other pages */
	uint64_t ns;
};

/* A fault and what is near it. */
struct history_fault {
	struct fault fault;
	enum fault_reason reason;
	uint32_t tid;                      /* 0 unknown */
	const struct thread_entry *thread; /* its, or NULL */
	const char *source;                /* "recorded", "core" */
	const struct vma_row *below;       /* the nearest rows, where nothing is mapped; or NULL */
	const struct vma_row *above;
};

/* site: of the last row, NULL if nothing happened. */
void history_text_now(FILE *out, uint64_t address, const struct history_now *now,
                      const struct history_row *last, const struct site_view *site);
void history_text_fault(FILE *out, const struct history_fault *fault, const struct history_now *now,
                        const struct history_row *last, const struct site_view *site);
void history_text_head(FILE *out, bool colored);
void history_text_row(FILE *out, const struct history_row *row, const struct history_lasted *until,
                      const struct site_view *site);

void history_json_row(struct json *json, const struct history_row *row,
                      const struct site_view *site);
/* The value of a "fault" key. */
void history_json_fault(struct json *json, const struct history_fault *fault,
                        const struct history_now *now);

#endif
