/*
 * leaks_report: what was never unmapped, as text and as one JSON object. It spells; all sums are made
 * before.
 */
#ifndef VMATRACE_RENDER_LEAKS_REPORT_H
#define VMATRACE_RENDER_LEAKS_REPORT_H

#include <stdio.h>

#include "core/leaks.h"
#include "core/shm_names.h"
#include "core/threads.h"
#include "json.h"
#include "site_view.h"

/* A thread whose stack is left, that a call of that site mapped. */
struct leak_thread {
	uint64_t site;
	struct thread_entry thread;
};

/* One site that something of is left. totals.calls: how many of its calls. */
struct leak_row {
	const struct site_view *site;
	enum leak_class class;
	const char *suppressed_by; /* the pattern, or NULL */
	/* LEAK_THREAD_STACK: the threads that are known, by their numbers; else NULL. */
	const struct leak_thread *threads;
	size_t thread_count;
};

/* Bytes, of all processes together. All but the last are parts of it. */
struct leak_accounts {
	uint64_t before; /* mapped before recording */
	uint64_t tracer; /* the recorder's own */
	uint64_t of_class[LEAK_CLASSES];
	uint64_t suppressed; /* of the program's class */
	uint64_t mapped;     /* at the end */
};

struct leak_stacks {
	uint64_t count;
	uint64_t exited; /* of them, of threads that are known to have exited */
	uint64_t exited_bytes;
	uint64_t unjoined_bytes; /* at least: core/leaks.h */
	uint64_t unjoined;       /* at least, in stacks */
};

struct leak_report {
	struct leak_row *rows; /* by class, the largest first */
	size_t row_count;
	const struct shm_name *shm;
	const struct site_view *const *shm_sites; /* of each */
	size_t shm_count;                         /* never unlinked */
	size_t shm_gone;       /* of them: not there any more, when it was looked after */
	size_t shm_removed;    /* behind them: removed in another way, as the traces tell */
	size_t shm_suppressed; /* further ones, not among them */
	struct leak_accounts accounts;
	struct leak_stacks stacks;
	uint64_t leaked_bytes; /* program, not suppressed */
	uint64_t leaked_vmas;
	size_t limit; /* of rows of each class, in text; 0: none */
};

void leaks_text(FILE *out, const struct leak_report *report, bool colored);
void leaks_json(struct json *json, const struct leak_report *report);

#endif
