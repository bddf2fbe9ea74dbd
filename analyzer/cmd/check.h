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
#include "core/forked.h"
#include "core/rules.h"
#include "io/symbols.h"
#include "io/trace_live.h"
#include "io/trace_reader.h"
#include "options.h"
#include "render/check_report.h"
#include "trace_set.h"
#include "untraced.h"

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

/* Where the project's sources lie. */
struct check_roots {
	char *real;    /* as it is on disk ... */
	char *spelled; /* ... and as it was reached, through links: compilers may know it as either */
};

/* The caller releases them. STATUS_FINE, or one line on stderr and STATUS_USAGE: there is no such folder. */
int check_find_roots(struct check_roots *roots, const char *source_root);
void check_roots_release(struct check_roots *roots);

/* What is known of the sites, all 0 if nothing is: the caller releases it. As check_load_policy() fails. */
int check_load_baseline(struct baseline *baseline, const struct check_options *options);

/* Judges the set and prints. Returns what to exit with. The policy was loaded. */
int check_judge(const struct trace_set *set, const struct common_options *common,
                const struct check_options *options, const struct policy *policy);

/* --- inside ------------------------------------------------------------------------------------------- */

/* Sentences that say what is missing. */
struct missing {
	char **items;
	size_t count;
	bool failed; /* out of memory */
	struct untraced untraced;
	size_t running; /* processes that were still there when their traces were read */
	char runs[160]; /* the first of them */
};

void missing_add(struct missing *missing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * What this trace does not hold; what it began and is untraced is looked for as its events are read. live: as it was
 * before the trace was opened.
 */
void missing_of_trace(struct missing *missing, const struct trace *trace, enum trace_live live);
/* What all of them together do not, after the last one. */
void missing_of_set(struct missing *missing, const struct trace_set *set);
/* Of modules whose functions the baseline may name, and whose files are not there any more; "": of none. */
void missing_names(const struct module_list *list, char *text, size_t bytes);
void missing_release(struct missing *missing);

/* Answers for rules, from one trace. */
struct answers;
struct answers *answers_new(const struct trace *trace, struct symbols *symbols);
void answers_free(struct answers *answers);
const struct rules_source *answers_source(const struct answers *answers);

/* What the walks through all processes have in common; borrowed. */
struct check_walk {
	struct rules *rules;
	struct relay *relay; /* theirs */
	struct forked *forked;
	struct untraced_look *look; /* of this process */
};

/* NULL: out of memory. */
struct relay *check_relay_new(struct rules *rules);
/* Whoever watches has seen all when it returns; forked.failed and rules_failed() say of their memory. */
enum walk_status check_walk(const struct check_walk *check, struct trace *trace,
                            struct rules_process *process);

#endif
