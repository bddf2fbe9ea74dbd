/*
 * events.c: `vmatrace events`: the calls of a trace in order of seq, and among them what changed without a
 * call. A walk over the trace goes ahead and finds what only the replay knows: implicit changes, racy events, and the
 * kinds that --kind asks for; the events themselves are streamed behind it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/kinds.h"
#include "core/walk.h"
#include "io/symbols.h"
#include "render/call_site.h"
#include "render/event_json.h"
#include "render/event_text.h"
#include "replayed.h"
#include "symbols_lost.h"
#include "trace_set.h"

struct events_options {
	struct common_options common;
	struct filter filter;
};

/* What is the same for all traces of a set. */
struct output {
	const struct events_options *options;
	struct writer writer;
	struct spelled spelled; /* stacks or call sites of the trace that is being listed */
	struct json json;
	struct event_text text;
	uint64_t printed;
};

/* One trace on its way out. */
struct listing {
	struct output *output;
	struct trace *trace;
	struct symbols *symbols;
	struct replayed replayed;
	struct when_point from;
	struct when_point to;
	uint32_t pid;
};

static bool limit_reached(const struct output *output)
{
	const struct option_number *limit = &output->options->filter.limit;

	return limit->given && limit->value && output->printed >= limit->value;
}

static bool in_range(const struct listing *listing, const struct event *event)
{
	return when_passed(&listing->from, event) && !when_passed(&listing->to, event);
}

static void print_event(struct listing *listing, const struct event *event)
{
	struct output *output = listing->output;
	struct stack_view stack;
	char site[640];

	output->printed++;
	switch (output->options->common.format) {
	case OUTPUT_TEXT:
		event_text_line(&output->text, event, listing->pid,
		                call_site_text(&output->spelled, listing->symbols, event, site,
		                               sizeof(site)));
		break;
	case OUTPUT_JSON:
	case OUTPUT_JSONL:
		stack = stack_view_of(listing->symbols, event, &output->spelled);
		json_event(&output->json, event, listing->pid, &output->spelled, &stack);
		if (output->options->common.format == OUTPUT_JSONL)
			json_end(&output->json);
		break;
	}
}

static void print_implicit(struct listing *listing, const struct implicit_change *change)
{
	struct output *output = listing->output;

	output->printed++;
	switch (output->options->common.format) {
	case OUTPUT_TEXT:
		event_text_implicit(&output->text, change, listing->pid);
		break;
	case OUTPUT_JSON:
		json_implicit(&output->json, change, listing->pid);
		break;
	case OUTPUT_JSONL:
		json_implicit(&output->json, change, listing->pid);
		json_end(&output->json);
		break;
	}
}

/* Implicit changes of snapshots that were over before `seq` was drawn. */
static void print_implicit_before(struct listing *listing, size_t *next, uint64_t seq)
{
	const struct filter *filter = &listing->output->options->filter;
	struct replayed_implicit implicit;

	for (; replayed_implicit_until(&listing->replayed, *next, seq, &implicit); (*next)++) {
		struct event moment = implicit.change.event;

		/* In a range of numbers it stands where it is printed. */
		moment.seq = implicit.position ? implicit.position - 1 : 0;
		if (!limit_reached(listing->output) && in_range(listing, &moment) &&
		    filter->modules.count == 0 &&
		    filter_takes_event(filter, &implicit.change.event) &&
		    filter_takes_kind(filter, vma_kind_name(implicit.kind)))
			print_implicit(listing, &implicit.change);
	}
}

static bool takes(struct listing *listing, const struct event *event)
{
	const struct filter *filter = &listing->output->options->filter;

	return in_range(listing, event) && filter_takes_event(filter, event) &&
	       (filter->kinds.count == 0 || replayed_has_kind(&listing->replayed, event->seq)) &&
	       filter_takes_stack(filter, listing->symbols, event);
}

static int print_events(struct listing *listing)
{
	struct event_source source;
	struct event event;
	size_t next = 0;

	if (!trace_events(listing->trace, &source))
		return complain(STATUS_TRACE, "cannot read '%s': out of memory",
		                trace_path(listing->trace));
	while (!limit_reached(listing->output) && source.next(source.self, &event)) {
		replayed_reach(&listing->replayed, event.seq);
		print_implicit_before(listing, &next, event.seq);
		event.racy = replayed_is_racy(&listing->replayed, event.seq);
		if (takes(listing, &event) && !limit_reached(listing->output))
			print_event(listing, &event);
	}
	if (!limit_reached(listing->output)) {
		replayed_reach(&listing->replayed, UINT64_MAX);
		print_implicit_before(listing, &next, UINT64_MAX);
	}
	return STATUS_FINE;
}

static int list_trace(struct output *output, struct trace *trace)
{
	const struct filter *filter = &output->options->filter;
	struct listing listing = {
		.output = output,
		.trace = trace,
		.from = { .kind = WHEN_START },
		.to = { .kind = WHEN_END },
		.pid = trace_header(trace)->pid,
	};
	int status = STATUS_FINE;
	bool replays;

	if (filter->from.given)
		status = when_find(&filter->from, trace, &listing.from);
	if (status == STATUS_FINE && filter->to.given)
		status = when_find(&filter->to, trace, &listing.to);
	if (status != STATUS_FINE)
		return status;
	spelled_allow(&output->spelled,
	              trace_counts(trace)->events * trace_header(trace)->slot_bytes);
	listing.symbols = symbols_new(trace, &output->options->common.symbols);
	if (!listing.symbols)
		return complain(STATUS_TRACE, "cannot read '%s': out of memory", trace_path(trace));
	replays = replayed_start(&listing.replayed, trace, listing.symbols, filter);
	if (replays) {
		status = print_events(&listing);
		replays = replayed_finish(&listing.replayed, limit_reached(output),
		                          output->options->common.quiet);
	}
	if (!replays)
		status = complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                  trace_path(trace));
	if (trace_counts(trace)->lost && !output->options->common.quiet)
		complain(STATUS_FINE,
		         "'%s' lost %" PRIu64 " events: %" PRIu64 " overwritten, %" PRIu64
		         " torn, %" PRIu64 " dropped",
		         trace_path(trace), trace_counts(trace)->lost,
		         trace_counts(trace)->overwritten, trace_counts(trace)->torn,
		         trace_counts(trace)->dropped);
	symbols_lost_say(listing.symbols, trace, &output->options->common);
	replayed_release(&listing.replayed);
	/* Keys are of one trace. */
	spelled_reset(&output->spelled);
	symbols_free(listing.symbols);
	return status;
}

int cmd_events(int argc, char **argv)
{
	struct events_options options = { 0 };
	const struct option_group groups[] = {
		{ common_rows, &options.common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ filter_rows, &options.filter, FILTER_ALL },
		{ NULL, NULL, 0 },
	};
	struct output output = { .options = &options };
	struct operands operands;
	struct trace_set set;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_find(&set, &operands, &options.common);
	if (status != STATUS_FINE)
		return status;
	writer_init(&output.writer, stdout);
	spelled_init(&output.spelled, &output.writer);
	json_begin_in(&output.json, &output.writer,
	              options.common.format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	output.text = (struct event_text) { &output.writer, options_colored(&options.common),
		                            set.count > 1 };
	if (options.common.format == OUTPUT_TEXT)
		event_text_head(&output.text);
	if (options.common.format == OUTPUT_JSON)
		json_array(&output.json);
	/* A process that cannot be read takes nothing from the others; the status tells of it. */
	for (size_t i = 0; i < set.count && !limit_reached(&output); i++) {
		struct trace *trace = trace_set_open(&set, i);
		int one = trace ? list_trace(&output, trace) : STATUS_TRACE;

		if (one != STATUS_FINE)
			status = one;
		trace_close(trace);
	}
	if (options.common.format == OUTPUT_JSON) {
		json_array_end(&output.json);
		json_end(&output.json);
	}
	writer_flush(&output.writer);
	if (status == STATUS_FINE && set.unreadable)
		status = STATUS_TRACE;
	trace_set_release(&set);
	return status;
}
