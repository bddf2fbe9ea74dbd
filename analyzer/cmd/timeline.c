/*
 * timeline: what happened to the address space, when, and who did it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "symbols_lost.h"
#include "render/call_site.h"
#include "render/sparkline.h"
#include "render/text.h"
#include "render/timeline_head.h"
#include "render/timeline_json.h"
#include "thread_of.h"
#include "timeline.h"
#include "trace_set.h"
#include "vmatrace/trace_format.h"

enum {
	LINES = 60,      /* in all, unless asked for more */
	HEAD_LINES = 10, /* of a process, before its changes */
	CHANGES_LEAST = 6,
};

static void print_json(struct gathering *gathering, const struct vma_change *change,
                       enum vma_kind kind)
{
	const struct stack_view stack =
		stack_view_of(gathering->symbols, change->event, gathering->spelled);

	json_change(gathering->json, change, trace_header(gathering->trace)->pid,
	            vma_kind_name(kind), thread_of_event(gathering->trace, change->event),
	            thread_of_change(gathering->trace, change, kind), gathering->spelled, &stack);
	if (gathering->format == OUTPUT_JSONL)
		json_end(gathering->json);
}

static void print_line(const struct gathering *gathering, const struct fold_line *line)
{
	char text[512];
	const char *site = call_site_text(gathering->spelled, gathering->symbols, &line->event,
	                                  text, sizeof(text));

	/* Many are of many threads. */
	timeline_text_line(gathering->writer, line, site ? site : "",
	                   line->count == 1
	                           ? thread_of_change(gathering->trace, &line->first, line->kind)
	                           : NULL,
	                   gathering->style);
}

static void view_of(const struct gathering *gathering, struct timeline_view *view)
{
	uint64_t from_ns = gathering->from_ns, last_ns = gathering->last_ns;

	*view = (struct timeline_view) {
		.header = trace_header(gathering->trace),
		.counts = trace_counts(gathering->trace),
		.timeline = &gathering->timeline,
		.from_ns = from_ns,
		/* Of a span that ends before anything in it nothing was the last. */
		.to_ns = last_ns > from_ns ? last_ns : from_ns,
		/* Where nothing was seen to begin there was no peak. */
		.has_kinds = gathering->wants_peak && gathering->timeline.begun,
	};
	memcpy(view->at_peak, gathering->at_peak, sizeof(view->at_peak));
}

static void no_changes(const struct gathering *gathering)
{
	const struct filter *filter = gathering->filter;
	bool part = filter->from.given || filter->to.given;
	char end[32];

	if (part && !gathering->timeline.begun)
		printf("nothing was recorded in that time: the trace ends at %s\n",
		       text_duration(end, sizeof(end), trace_counts(gathering->trace)->last_ns));
	else
		printf("no changes%s\n", part ? " in that time" : "");
}

/* lines: of changes, those alike folded into one. */
static int fold_process(struct gathering *gathering, size_t lines)
{
	struct timeline_view view;
	struct fold_result result;
	int status;

	gathering->fold = fold_new(lines);
	if (!gathering->fold)
		return complain(STATUS_TRACE, "out of memory");
	gathering->wants_curve = gathering->wants_peak = true;
	status = timeline_gather(gathering);
	if (status != STATUS_FINE) {
		fold_free(gathering->fold);
		return status;
	}
	view_of(gathering, &view);
	timeline_title(stdout, view.header, gathering->style);
	timeline_summary(stdout, &view, gathering->style);
	if (gathering->timeline.total_changes)
		timeline_text_columns(stdout, gathering->style);
	else
		no_changes(gathering);
	fold_finish(gathering->fold, &result);
	for (size_t i = 0; i < result.count; i++)
		print_line(gathering, result.lines[i]);
	writer_flush(gathering->writer);
	timeline_text_left_out(stdout, &result, gathering->style);
	fold_free(gathering->fold);
	return STATUS_FINE;
}

static void print_title(struct gathering *gathering)
{
	timeline_title(stdout, trace_header(gathering->trace), gathering->style);
	/* The first change may be long in coming. */
	fflush(stdout);
}

static void print_change(struct gathering *gathering, const struct vma_change *change,
                         enum vma_kind kind)
{
	const struct fold_line line = {
		.first = *change,
		.event = *change->event,
		.kind = kind,
		.count = 1,
		.bytes = vma_change_bytes(change),
		.start = change->start,
		.end = change->end,
	};

	if (gathering->printed == 1)
		timeline_text_columns(stdout, gathering->style);
	print_line(gathering, &line);
}

/* All changes as they are replayed, none kept; what only the whole replay knows stands below them. */
static int stream_process(struct gathering *gathering)
{
	struct timeline_view view;
	int status;

	gathering->begins = print_title;
	gathering->print = print_change;
	gathering->wants_curve = gathering->wants_peak = true;
	status = timeline_gather(gathering);
	writer_flush(gathering->writer);
	if (status != STATUS_FINE)
		return status;
	view_of(gathering, &view);
	if (gathering->printed)
		putchar('\n');
	timeline_summary(stdout, &view, gathering->style);
	if (!gathering->printed)
		no_changes(gathering);
	return STATUS_FINE;
}

/* Many processes: a line for each. */
static int brief_process(struct gathering *gathering)
{
	struct timeline_view view;
	int status;

	gathering->wants_curve = true;
	status = timeline_gather(gathering);
	if (status != STATUS_FINE)
		return status;
	view_of(gathering, &view);
	timeline_brief(stdout, &view, gathering->style);
	return STATUS_FINE;
}

enum { BRIEF = -1 };

/* On the way out, for all processes. */
struct output {
	struct writer writer;
	struct spelled spelled; /* of the process that is printed */
	struct json json;
};

/* lines: of changes, 0 for all, or BRIEF. */
static int one_process(const struct trace_set *set, size_t index, const struct filter *filter,
                       const struct common_options *common, struct output *output,
                       const struct text_style *style, long lines)
{
	struct trace *trace = trace_set_open(set, index);
	struct gathering gathering = {
		.filter = filter,
		.trace = trace,
		.style = style,
		.writer = &output->writer,
		.spelled = &output->spelled,
		.json = &output->json,
		.format = common->format,
	};
	int status;

	if (!trace)
		return STATUS_TRACE;
	spelled_allow(&output->spelled,
	              trace_counts(trace)->events * trace_header(trace)->slot_bytes);
	gathering.symbols = symbols_new(trace, &common->symbols);
	if (!gathering.symbols) {
		status = complain(STATUS_TRACE, "out of memory");
	} else if (common->format != OUTPUT_TEXT) {
		gathering.print = print_json;
		gathering.print_limit = filter->limit.given ? filter->limit.value : 0;
		status = timeline_gather(&gathering);
	} else if (lines == BRIEF) {
		status = brief_process(&gathering);
	} else {
		status = lines ? fold_process(&gathering, (size_t)lines)
		               : stream_process(&gathering);
	}
	/* Keys are of one trace. */
	spelled_reset(&output->spelled);
	symbols_lost_say(gathering.symbols, trace, common);
	symbols_free(gathering.symbols);
	trace_close(trace);
	return status;
}

static int all_json(const struct trace_set *set, const struct filter *filter,
                    const struct common_options *common, struct output *output)
{
	struct json *json = &output->json;
	int worst = STATUS_FINE;

	json_begin_in(json, &output->writer, common->format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	if (common->format == OUTPUT_JSON)
		json_array(json);
	for (size_t i = 0; i < set->count; i++) {
		int status = one_process(set, i, filter, common, output, NULL, 0);

		worst = status > worst ? status : worst;
	}
	if (common->format == OUTPUT_JSON) {
		json_array_end(json);
		json_end(json);
	}
	writer_flush(&output->writer);
	return worst;
}

/*
 * Sixty lines in all, shared by the processes; where that leaves too little for each, a line for
 * each.
 */
static int all_text(const struct trace_set *set, const struct filter *filter,
                    const struct common_options *common, struct output *output,
                    const struct text_style *style)
{
	size_t share = set->count ? LINES / set->count : LINES;
	bool brief = !filter->limit.given && share < HEAD_LINES + CHANGES_LEAST;
	size_t shown = brief && set->count > LINES - 3 ? LINES - 3 : set->count;
	long lines = brief                 ? BRIEF
	             : filter->limit.given ? (long)filter->limit.value
	                                   : (long)(share - HEAD_LINES - (set->count > 1));
	int worst = STATUS_FINE;

	if (brief)
		timeline_brief_columns(stdout, style);
	for (size_t i = 0; i < shown; i++) {
		int status = one_process(set, i, filter, common, output, style, lines);

		worst = status > worst ? status : worst;
		if (!brief && i + 1 < shown)
			putchar('\n');
	}
	if (shown < set->count)
		printf("... and %zu more processes\n", set->count - shown);
	if (brief)
		printf("--pid PID shows one of them, -n N up to N changes of each\n");
	return worst;
}

int cmd_timeline(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	const struct option_group groups[] = {
		{ filter_rows, &filter, FILTER_ALL | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct text_style style = { 0 };
	struct output output;
	struct operands operands;
	struct trace_set set = { 0 };
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	style.utf8 = text_is_utf8();
	style.colored = options_colored(&common);
	writer_init(&output.writer, stdout);
	spelled_init(&output.spelled, &output.writer);
	status = trace_set_find(&set, &operands, &common);
	if (status == STATUS_FINE) {
		status = common.format == OUTPUT_TEXT
		                 ? all_text(&set, &filter, &common, &output, &style)
		                 : all_json(&set, &filter, &common, &output);
		if (set.unreadable && status < STATUS_TRACE)
			status = STATUS_TRACE;
	}
	trace_set_release(&set);
	return status;
}
