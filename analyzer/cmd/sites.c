/*
 * sites: who called, how often, what they mapped, what of that is still there, and what it cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "render/site_apart.h"
#include "site_gather.h"
#include "site_rows.h"
#include "symbols_lost.h"
#include "trace_set.h"

enum { LINES = 40 }; /* unless -n says otherwise */

struct sites_options {
	enum site_order order;
	enum site_grouping grouping;
};

/* The place of value among words, as *field. */
static bool take_word(void *field, const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*(int *)field = i;
			return true;
		}
	}
	return false;
}

static bool take_order(void *field, const char *value)
{
	static const char *const words[] = {
		[ORDER_CALLS] = "calls", [ORDER_BYTES] = "bytes", [ORDER_LIVE] = "live",
		[ORDER_VMAS] = "vmas",   [ORDER_TIME] = "time",   NULL,
	};

	return take_word(field, value, words);
}

static bool take_grouping(void *field, const char *value)
{
	static const char *const words[] = {
		[GROUP_STACK] = "stack",
		[GROUP_FUNCTION] = "function",
		[GROUP_FILE] = "file",
		[GROUP_MODULE] = "module",
		NULL,
	};

	return take_word(field, value, words);
}

static const struct option_row sites_rows[] = {
	{ "sort", 0, 0, "calls|bytes|live|vmas|time", "the largest first (bytes)", take_order,
	  offsetof(struct sites_options, order) },
	{ "group", 0, 0, "stack|function|file|module", "what makes two calls one site (stack)",
	  take_grouping, offsetof(struct sites_options, grouping) },
	{ 0 },
};

static int add_process(const struct trace_set *set, size_t index, const struct filter *filter,
                       const struct symbol_sources *sources, struct site_rows *rows)
{
	struct trace *trace = trace_set_open(set, index);
	struct site_gathering gathering = { .filter = filter, .trace = trace };
	int status = STATUS_TRACE;

	if (!trace)
		return status;
	gathering.symbols = symbols_new(trace, sources);
	if (gathering.symbols)
		status = site_gather(&gathering);
	/* The map is as large as the table, and has been read. */
	moment_release(&gathering.moment);
	if (!gathering.symbols ||
	    (status == STATUS_FINE && !site_rows_add(rows, gathering.symbols, gathering.table)))
		status = complain(STATUS_TRACE, "out of memory");
	site_gathering_release(&gathering);
	if (!site_rows_leave(rows, trace, gathering.symbols, index + 1 < set->count))
		status = complain(STATUS_TRACE, "out of memory");
	return status;
}

/* What all calls of a group have in common, as site_rows puts them together; NULL: it is the function, or all. */
static const char *group_of(const struct site_rows *rows, size_t row)
{
	const struct frame *frames, *frame;
	size_t count = site_view_frames(&rows->rows[row].view, &frames);
	const char *base;

	if (!count || (rows->grouping != GROUP_FILE && rows->grouping != GROUP_MODULE))
		return NULL;
	frame = &frames[frames_call_site(frames, count)];
	if (rows->grouping == GROUP_FILE && frame->file)
		return frame->file;
	base = frame->module ? strrchr(frame->module, '/') : NULL;
	return base ? base + 1 : frame->module ? frame->module : "code in no file";
}

static int print_text(const struct site_rows *rows, size_t limit, bool colored)
{
	size_t count = rows->count < limit ? rows->count : limit;
	const struct site_view **sites = calloc(count + 1, sizeof(*sites));
	struct site_apart apart = { 0 };
	int status = STATUS_FINE;

	for (size_t i = 0; sites && i < count; i++)
		sites[i] = &rows->rows[i].view;
	if (!sites || (rows->grouping == GROUP_STACK && !site_apart_init(&apart, sites, count)))
		status = complain(STATUS_TRACE, "out of memory");
	site_text_head(stdout, colored);
	for (size_t i = 0; i < count; i++)
		site_text_line(stdout, &rows->rows[i].view, group_of(rows, i),
		               i < apart.count ? apart.notes[i] : NULL);
	if (rows->count > limit)
		printf("... and %zu more call site%s: -n 0 shows all\n", rows->count - limit,
		       rows->count - limit == 1 ? "" : "s");
	site_apart_release(&apart);
	free((void *)sites);
	return status;
}

static void print_json(const struct site_rows *rows, size_t limit, enum output_format format)
{
	struct json json;

	json_begin(&json, stdout, format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	if (format == OUTPUT_JSON)
		json_array(&json);
	for (size_t i = 0; i < rows->count && i < limit; i++) {
		json_site(&json, &rows->rows[i].view, group_of(rows, i));
		if (format == OUTPUT_JSONL)
			json_end(&json);
	}
	if (format == OUTPUT_JSON) {
		json_array_end(&json);
		json_end(&json);
	}
}

int cmd_sites(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	struct sites_options options = { .order = ORDER_BYTES };
	const struct option_group groups[] = {
		{ sites_rows, &options, 0 },
		{ filter_rows, &filter, FILTER_ALL | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct trace_set set = { 0 };
	struct operands operands;
	struct site_rows rows;
	size_t limit;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_find(&set, &operands, &common);
	if (status != STATUS_FINE)
		return status;
	site_rows_init(&rows, options.grouping);
	rows.common = &common;
	for (size_t i = 0; i < set.count; i++) {
		int one = add_process(&set, i, &filter, &common.symbols, &rows);

		status = one > status ? one : status;
	}
	if (set.unreadable && status < STATUS_TRACE)
		status = STATUS_TRACE;
	trace_set_release(&set);
	site_rows_sort(&rows, options.order);
	limit = filter.limit.given ? filter.limit.value : common.format == OUTPUT_TEXT ? LINES : 0;
	if (!limit)
		limit = SIZE_MAX;
	if (status != STATUS_USAGE && common.format == OUTPUT_TEXT) {
		int printed = print_text(&rows, limit, options_colored(&common));

		status = printed > status ? printed : status;
	} else if (status != STATUS_USAGE) {
		print_json(&rows, limit, common.format);
	}
	symbols_lost_say(rows.symbols, rows.trace, &common);
	site_rows_release(&rows);
	return status;
}
