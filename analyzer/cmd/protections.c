/*
 * protections: who changed rights, from what to what, how often back and forth, and at what cost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "moment.h"
#include "options.h"
#include "render/protections_report.h"
#include "render/site_apart.h"
#include "site_of.h"
#include "symbols_lost.h"
#include "trace_set.h"
#include "vmatrace/trace_format.h"

enum { LINES = 40 }; /* unless -n says otherwise */

struct following {
	const struct filter *filter;
	struct symbols *symbols;
	struct protections *protections;
	bool begun;
	bool failed; /* out of memory */
};

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct following *following = context;

	(void)walk;
	(void)event;
	return !following->failed;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct following *following = context;

	if (!checkpoint->is_base)
		return;
	following->begun = true;
	following->failed |= !protections_begin(following->protections, walk);
}

static void change(void *context, const struct vma_change *change)
{
	struct following *following = context;
	bool own = change->event->flags & VMAT_EVENT_INTERNAL && !following->filter->internal;
	bool counts = !own && change->event->call != CALL_IMPLICIT &&
	              filter_takes_event(following->filter, change->event) &&
	              filter_takes_stack(following->filter, following->symbols, change->event);

	if (following->begun && !(counts ? protections_see(following->protections, change)
	                                 : protections_pass(following->protections, change)))
		following->failed = true;
}

/* Warnings first, then what took the most time. */
static int compare(const void *left, const void *right)
{
	const struct protection_row *a = *(const struct protection_row *const *)left;
	const struct protection_row *b = *(const struct protection_row *const *)right;
	bool a_warns = *protection_warning(a), b_warns = *protection_warning(b);

	if (a_warns != b_warns)
		return a_warns ? -1 : 1;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? 1 : -1;
	return (a->first.seq > b->first.seq) - (a->first.seq < b->first.seq);
}

static struct site_view site_of(const struct following *following, const struct protection_row *row)
{
	const struct event first = site_call_event(&row->first);

	return site_view_of(following->symbols, &first);
}

/* False: out of memory. */
static bool print_text(const struct following *following, const struct protection_row **rows,
                       size_t limit, bool colored)
{
	size_t compared = limit <= SITE_APART_LIMIT ? limit : 0;
	struct site_view *views = calloc(compared + 1, sizeof(*views));
	const struct site_view **sites = calloc(compared + 1, sizeof(*sites));
	struct site_apart apart = { 0 };
	bool fine = views && sites;

	for (size_t i = 0; fine && i < compared; i++) {
		views[i] = site_of(following, rows[i]);
		sites[i] = &views[i];
	}
	fine = fine && site_apart_init(&apart, sites, compared);
	protections_text_head(stdout, colored);
	for (size_t i = 0; fine && i < limit; i++) {
		struct site_view site = site_of(following, rows[i]);

		protections_text_row(stdout, rows[i], &site,
		                     i < apart.count ? apart.notes[i] : NULL);
	}
	site_apart_release(&apart);
	free((void *)sites);
	free(views);
	return fine;
}

static void print_json(const struct following *following, const struct protection_row **rows,
                       size_t limit, enum output_format format)
{
	struct json json;

	json_begin(&json, stdout, format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	if (format == OUTPUT_JSON)
		json_array(&json);
	for (size_t i = 0; i < limit; i++) {
		struct site_view site = site_of(following, rows[i]);

		protections_json_row(&json, rows[i], &site);
		if (format == OUTPUT_JSONL)
			json_end(&json);
	}
	if (format == OUTPUT_JSON) {
		json_array_end(&json);
		json_end(&json);
	}
}

static int print_rows(const struct following *following, const struct protection_row **rows,
                      size_t count, const struct common_options *common)
{
	size_t limit = following->filter->limit.given  ? following->filter->limit.value
	               : common->format == OUTPUT_TEXT ? LINES
	                                               : 0;

	limit = limit && limit < count ? limit : count;
	if (common->format != OUTPUT_TEXT) {
		print_json(following, rows, limit, common->format);
		return STATUS_FINE;
	}
	if (!count)
		puts("no changes of rights");
	else if (!print_text(following, rows, limit, options_colored(common)))
		return complain(STATUS_TRACE, "out of memory");
	if (limit < count)
		printf("... and %zu more: -n 0 shows all\n", count - limit);
	return STATUS_FINE;
}

static int print(const struct following *following, const struct common_options *common)
{
	size_t count = protections_count(following->protections);
	const struct protection_row **rows = calloc(count + 1, sizeof(*rows));
	int status;

	if (!rows)
		return complain(STATUS_TRACE, "out of memory");
	for (size_t i = 0; i < count; i++)
		rows[i] = protections_row(following->protections, i);
	qsort(rows, count, sizeof(*rows), compare);
	status = print_rows(following, rows, count, common);
	free(rows);
	return status;
}

static int one_process(struct trace *trace, const struct filter *filter,
                       const struct common_options *common)
{
	struct following following = {
		.filter = filter,
		.symbols = symbols_new(trace, &common->symbols),
		.protections = protections_new(),
	};
	const struct walk_observer observer = {
		.context = &following, .before = before, .change = change, .checkpoint = checkpoint
	};
	const struct when_point end = when_end();
	struct moment moment = { 0 };
	int status = following.symbols && following.protections
	                     ? moment_reach(&moment, trace, following.symbols, &end, &observer)
	                     : complain(STATUS_TRACE, "out of memory");

	moment_release(&moment);
	if (status == STATUS_FINE)
		status = following.failed ? complain(STATUS_TRACE, "out of memory")
		                          : print(&following, common);
	protections_free(following.protections);
	if (status == STATUS_FINE)
		symbols_lost_say(following.symbols, trace, common);
	symbols_free(following.symbols);
	return status;
}

int cmd_protections(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	const struct option_group groups[] = {
		{ filter_rows, &filter,
		  FILTER_CALL | FILTER_TID | FILTER_MODULE | FILTER_LIMIT | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace *trace;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_open_one(&operands, &common, NULL, &trace);
	if (status != STATUS_FINE)
		return status;
	status = one_process(trace, &filter, &common);
	trace_close(trace);
	return status;
}
