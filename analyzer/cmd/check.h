/*
 * check: what the files of the verdict share, and what `record --check` uses of it.
 *
 *     policy ─┐
 *     set ────┴─ check_judge: a walk through each process ── findings ── verdict ── a format
 *
 * In cmd/, so a failure is one line on stderr and an exit status.
 */
#ifndef VMATRACE_CMD_CHECK_H
#define VMATRACE_CMD_CHECK_H

#include "core/baseline.h"
#include "core/rules.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "options.h"
#include "render/check_report.h"
#include "trace_set.h"

struct check_options {
	const char *policy; /* NULL: the default one */
	const char *suppressions;
	const char *baseline;
	const char *write_baseline;
	const char *source_root; /* NULL: the current folder */
	const struct check_format *format;
	FILE *out;
	struct option_number limit;
	bool internal;
	bool print_policy;
	bool list_rules;
};

/* The policy with its suppressions. STATUS_FINE, or one line on stderr and STATUS_USAGE. */
int check_load_policy(struct policy *policy, const struct check_options *options);

/* Judges the set and prints. Returns what to exit with. The policy was loaded. */
int check_judge(const struct trace_set *set, const struct common_options *common,
                const struct check_options *options, const struct policy *policy);

/* --- inside ------------------------------------------------------------------------------------------- */

/* Sentences that say what is missing. */
struct missing {
	char **items;
	size_t count;
	bool failed; /* out of memory */
};

void missing_add(struct missing *missing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What this trace does not hold. */
void missing_of_trace(struct missing *missing, const struct trace *trace);
void missing_release(struct missing *missing);

/* Answers for rules, from one trace. */
struct answers;
struct answers *answers_new(const struct trace *trace, struct symbols *symbols);
void answers_free(struct answers *answers);
const struct rules_source *answers_source(const struct answers *answers);

#endif
