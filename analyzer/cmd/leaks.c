/*
 * leaks: what was mapped and never unmapped, shm objects never unlinked, threads never joined.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "io/suppressions.h"
#include "leak_gather.h"
#include "options.h"
#include "trace_set.h"

enum { LINES = 20 }; /* of each class, unless -n says otherwise */

struct leaks_options {
	bool fail;
	const char *suppressions;
};

static const struct option_row leaks_rows[] = {
	{ "fail", 0, 0, NULL, "exit with 1 if the program leaked anything", take_flag,
	  offsetof(struct leaks_options, fail) },
	{ "suppressions", 0, 0, "FILE", "leave out what its lines leak:PATTERN name", take_text,
	  offsetof(struct leaks_options, suppressions) },
	{ 0 },
};

static int read_suppressions(const char *path, struct suppressions **suppressions)
{
	struct suppressions_error error;

	*suppressions = NULL;
	if (!path)
		return STATUS_FINE;
	*suppressions = suppressions_read(path, &error);
	if (*suppressions)
		return STATUS_FINE;
	if (error.error)
		return complain(STATUS_USAGE, "cannot read '%s': %s", path, strerror(error.error));
	return complain(STATUS_USAGE, "'%s': line %u: expected leak:PATTERN", path, error.line);
}

static const char *suppressed_by(struct suppressions *suppressions, const struct site_view *site)
{
	for (size_t i = 0; suppressions && i < suppressions->count; i++) {
		struct suppression *suppression = &suppressions->items[i];

		for (size_t f = 0; f < site->frame_count; f++) {
			const struct frame *frame = &site->frames[f];

			if (!suppression_matches(suppression, frame->function) &&
			    !suppression_matches(suppression, frame->module) &&
			    !suppression_matches(suppression, frame->file))
				continue;
			suppression->used++;
			return suppression->pattern;
		}
	}
	return NULL;
}

static void add_row(struct leak_report *report, const struct site_row *row,
                    struct suppressions *suppressions)
{
	const struct site_totals *totals = &row->view.totals;
	struct leak_row *leak = &report->rows[report->row_count++];

	leak->site = &row->view;
	leak->class = (enum leak_class)row->category;
	leak->suppressed_by = suppressed_by(suppressions, &row->view);
	if (leak->class == LEAK_THREAD_STACK && leak->suppressed_by)
		report->stacks.unjoined = report->stacks.unjoined_bytes = 0;
	if (leak->class != LEAK_PROGRAM)
		return;
	if (leak->suppressed_by) {
		report->accounts.suppressed += totals->bytes_live;
		return;
	}
	report->leaked_bytes += totals->bytes_live;
	report->leaked_vmas += totals->vmas_live;
}

/* False: out of memory. */
static bool make_report(struct leak_gathering *gathering, struct suppressions *suppressions,
                        struct leak_report *report)
{
	const struct site_rows *rows = &gathering->rows;
	const struct site_view **shm_sites;

	site_rows_sort(&gathering->rows, ORDER_LIVE);
	shm_names_finish(&gathering->names);
	*report = (struct leak_report) {
		.rows = calloc(rows->count + 1, sizeof(*report->rows)),
		.shm = gathering->names.items,
		.shm_count = gathering->names.count,
		.accounts = gathering->accounts,
		.stacks = gathering->stacks,
	};
	shm_sites = calloc(report->shm_count + 1, sizeof(*shm_sites));
	report->shm_sites = shm_sites;
	if (!report->rows || !shm_sites)
		return false;
	for (size_t i = 0; i < report->shm_count; i++)
		shm_sites[i] = &gathering->shm_sites.rows[report->shm[i].tag].view;
	for (unsigned class = 0; class < LEAK_CLASSES; class ++) {
		for (size_t i = 0; i < rows->count; i++) {
			if (rows->rows[i].category == class)
				add_row(report, &rows->rows[i], suppressions);
		}
	}
	return true;
}

static void say_unused(const struct suppressions *suppressions, const char *path)
{
	for (size_t i = 0; suppressions && i < suppressions->count; i++) {
		if (!suppressions->items[i].used)
			complain(STATUS_FINE, "'%s': line %u: leak:%s suppresses nothing", path,
			         suppressions->items[i].line, suppressions->items[i].pattern);
	}
}

static int gather_all(struct leak_gathering *gathering, const struct trace_set *set)
{
	int status = set->unreadable ? STATUS_TRACE : STATUS_FINE;

	for (size_t i = 0; i < set->count; i++) {
		struct trace *trace = trace_set_open(set, i);
		int one = trace ? leak_gather(gathering, trace) : STATUS_TRACE;

		trace_close(trace);
		status = one > status ? one : status;
	}
	return status;
}

static void print(const struct leak_report *report, const struct common_options *common)
{
	struct json json;

	if (common->format == OUTPUT_TEXT) {
		leaks_text(stdout, report, options_colored(common));
		return;
	}
	json_begin(&json, stdout, common->format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	leaks_json(&json, report);
	json_end(&json);
}

int cmd_leaks(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	struct leaks_options options = { 0 };
	const struct option_group groups[] = {
		{ leaks_rows, &options, 0 },
		{ filter_rows, &filter, FILTER_LIMIT | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct leak_gathering gathering = { 0 };
	struct leak_report report = { 0 };
	struct suppressions *suppressions;
	struct trace_set set = { 0 };
	struct operands operands;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = read_suppressions(options.suppressions, &suppressions);
	if (status == STATUS_FINE)
		status = trace_set_find(&set, &operands, &common);
	if (status != STATUS_FINE) {
		suppressions_free(suppressions);
		return status;
	}
	gathering.sources = &common.symbols;
	gathering.internal = filter.internal;
	status = gather_all(&gathering, &set);
	trace_set_release(&set);
	if (make_report(&gathering, suppressions, &report)) {
		report.limit = filter.limit.given ? filter.limit.value : LINES;
		print(&report, &common);
	} else {
		status = complain(STATUS_TRACE, "out of memory");
	}
	if (!common.quiet)
		say_unused(suppressions, options.suppressions);
	if (status == STATUS_FINE && options.fail &&
	    (report.leaked_bytes || report.shm_count || report.stacks.unjoined))
		status = STATUS_FINDINGS;
	free(report.rows);
	free((void *)report.shm_sites);
	leak_gathering_release(&gathering);
	suppressions_free(suppressions);
	return status;
}
