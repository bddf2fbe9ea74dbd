/*
 * check_report: a verdict with all that it rests on, and the formats that it is spelled in. A new format is a
 * row of the table and a file.
 */
#ifndef VMATRACE_RENDER_CHECK_REPORT_H
#define VMATRACE_RENDER_CHECK_REPORT_H

#include <stdio.h>

#include "core/baseline.h"
#include "core/findings.h"
#include "core/policy.h"
#include "core/verdict.h"

/* A rule of the policy that could not be judged, or not everywhere. */
struct check_unjudged {
	const struct rule *rule;
	char why[160];
	bool incomplete; /* said among what is missing, too: it might have failed the verdict */
};

struct check_report {
	struct verdict verdict;
	const struct policy *policy;
	const char *policy_name; /* as it was given; NULL: the default policy */
	const struct findings *findings;
	const uint64_t *allowed;         /* beside policy->allows: findings each allowed */
	const struct baseline *baseline; /* NULL: none was given */
	const char *baseline_name;
	const char *trace; /* file or folder, as it was given */
	uint64_t processes;
	uint64_t images;         /* of programs: more, if processes executed others */
	char *const *incomplete; /* what is missing, a sentence each */
	size_t incomplete_count;
	const struct check_unjudged *unjudged;
	size_t unjudged_count;
	double seconds;           /* of the longest process */
	const char *root;         /* paths are said relative to it; ends in no slash */
	const char *root_spelled; /* the same folder by another path */
	size_t limit;             /* findings of a rule that text prints; 0: all */
	bool colored;
};

struct check_format {
	const char *name; /* what --format takes */
	void (*print)(FILE *out, const struct check_report *report);
	/* How many findings and sites it has no room for; NULL: it has room for any number. */
	size_t (*left_out)(const struct check_report *report);
};

/* NULL: there is none of that name. */
const struct check_format *check_format_named(const char *name);

void check_text(FILE *out, const struct check_report *report);
void check_json(FILE *out, const struct check_report *report);
void check_sarif(FILE *out, const struct check_report *report);
size_t check_sarif_left_out(const struct check_report *report);
void check_junit(FILE *out, const struct check_report *report);
void check_github(FILE *out, const struct check_report *report);

/* --- what they share ---------------------------------------------------------------------------------- */

/* The rules, what each means and how to fix a finding. */
void check_list_rules(FILE *out);

/* The frame shown as the finding's call site. */
const struct finding_frame *finding_place(const struct finding *finding);
/*
 * The place in the sources that belong to the project: the innermost frame from the call site outwards whose
 * file lies under the root. NULL: there is none. *path: relative to the root.
 */
const struct finding_frame *finding_source(const struct check_report *report,
                                           const struct finding *finding, const char **path);
/* "main (app.c:12)" as all text output says it; returns text. */
char *finding_frame_text(char *text, size_t bytes, const struct finding_frame *frame);
/* "16 hexadecimal digits" */
char *finding_fingerprint(char *text, const struct finding *finding);
/* What is wrong, and where: "mmap at main (app.c:12): 4 KiB writable and executable at once". */
void finding_sentence(const struct finding *finding, char *text, size_t bytes);
const char *base_name_of(const char *path);

/* --- check_baseline.c: the baseline beside the findings ------------------------------------------------ */

struct baseline_totals {
	uint64_t fresh;
	uint64_t gone;
	uint64_t grown;
	uint64_t altered; /* known sites that look different */
};

struct baseline_totals baseline_totals_of(const struct baseline *baseline);
/* "baseline 'x': 8 call sites known; 1 new, 0 gone, 0 grown"; returns text. The report has a baseline. */
char *baseline_sentence(char *text, size_t bytes, const struct check_report *report);
/* "10 results are left out: ..."; returns text. */
char *left_out_sentence(char *text, size_t bytes, size_t left_out);
/* "mmap app!load < app!main < ..."; returns text. */
char *baseline_site_text(char *text, size_t bytes, const struct baseline_site *site);
/* "40 calls where 4 were granted, 160 KiB where 16 KiB were": of a site of now that has grown. */
char *baseline_growth_text(char *text, size_t bytes, const struct baseline_site *now);
/* What the site itself has become, as SARIF and its readers say it; NULL: there is no baseline, or no site. */
const char *finding_baseline_state(const struct check_report *report,
                                   const struct finding *finding);

/* The entry allowed nothing: "vmatrace.yml:12: allowed nothing: unused, it can go". Returns text. */
char *unused_allow_text(char *text, size_t bytes, const struct policy_allow *allow);

#endif
