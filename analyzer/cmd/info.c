/*
 * info.c: `vmatrace info`: gathers what there is to say about each trace of the set, among it two things
 * that the file itself cannot know: what no event explains (a walk finds it), and whether the process is
 * still there.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "io/symbols.h"
#include "io/trace_end.h"
#include "io/trace_live.h"
#include "render/info.h"
#include "replayed.h"
#include "symbols_lost.h"
#include "trace_set.h"

struct output {
	struct common_options common;
	struct json json;
	bool in_array; /* json: one object of several */
	bool some;
};

static enum process_end end_of(const struct trace *trace)
{
	bool runs = trace_live(trace_path(trace), trace_header(trace)->pid) == TRACE_RUNS;

	switch (trace_control(trace)->state) {
	case VMAT_STATE_EXITED:
		return runs ? END_EXITING : END_EXITED;
	case VMAT_STATE_EXECED:
		return runs ? END_RUNNING : END_EXECED;
	default:
		return runs ? END_RUNNING : END_GONE;
	}
}

/* Those in flight come last, in a pass over all events. */
static void count_causes(struct info *info, const struct replayed *replayed)
{
	for (size_t i = 0; i < replayed->implicit_count; i++)
		info->explained[replayed->implicit[i].cause]++;
}

static void print(struct output *output, const struct info *info)
{
	if (output->common.format == OUTPUT_TEXT) {
		if (output->some)
			putc('\n', stdout);
		info_text(stdout, info, options_colored(&output->common));
		output->some = true;
		return;
	}
	if (!output->in_array)
		json_begin(&output->json, stdout,
		           output->common.format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	json_object(&output->json);
	if (!output->in_array)
		json_member_number(&output->json, "schema", 1);
	info_json(info, &output->json);
	json_object_end(&output->json);
	if (!output->in_array)
		json_end(&output->json);
}

static int describe(struct output *output, struct trace *trace)
{
	struct symbols *symbols = symbols_new(trace, &output->common.symbols);
	struct info info = { .trace = trace, .end = end_of(trace), .symbols = symbols };
	struct replayed replayed = { 0 };
	int status = STATUS_FINE;

	info.has_status = trace_end_status(trace, &info.wait_status);
	info.in_flight = trace_in_flight(trace);
	info.in_flight_count = trace_counts(trace)->in_flight;
	if (symbols && info.in_flight && replayed_start(&replayed, trace, NULL, NULL) &&
	    replayed_finish(&replayed, false, true)) {
		info.has_base = replayed.has_base;
		info.totals = replayed.totals;
		count_causes(&info, &replayed);
		print(output, &info);
	} else {
		status = complain(STATUS_TRACE, "cannot read '%s': out of memory",
		                  trace_path(trace));
	}
	replayed_release(&replayed);
	if (status == STATUS_FINE)
		symbols_lost_say(symbols, trace, &output->common);
	symbols_free(symbols);
	return status;
}

int cmd_info(int argc, char **argv)
{
	struct output output = { 0 };
	const struct option_group groups[] = {
		{ common_rows, &output.common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace_set set;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_find(&set, &operands, &output.common);
	if (status != STATUS_FINE)
		return status;
	/* A file is one object; a folder is an object that holds its processes. */
	output.in_array = output.common.format == OUTPUT_JSON && set.several;
	if (output.in_array) {
		json_begin(&output.json, stdout, JSON_LINE);
		json_object(&output.json);
		json_member_number(&output.json, "schema", 1);
		json_key(&output.json, "processes");
		json_array(&output.json);
	}
	for (size_t i = 0; i < set.count; i++) {
		struct trace *trace = trace_set_open(&set, i);
		int one = trace ? describe(&output, trace) : STATUS_TRACE;

		if (one != STATUS_FINE)
			status = one;
		trace_close(trace);
	}
	if (output.in_array) {
		json_array_end(&output.json);
		json_object_end(&output.json);
		json_end(&output.json);
	}
	if (status == STATUS_FINE && set.unreadable)
		status = STATUS_TRACE;
	trace_set_release(&set);
	return status;
}
