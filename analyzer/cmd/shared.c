/*
 * shared: one object after the other through all processes of a folder: who created, mapped, unmapped and
 * unlinked it, and who holds it at the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "core/shared_objects.h"
#include "io/symbols.h"
#include "options.h"
#include "render/shared_report.h"
#include "site_rows.h"
#include "symbols_lost.h"
#include "trace_set.h"

struct sharing {
	struct shared_objects shared;
	struct site_rows rows; /* an act's tag is its row here */
	bool failed;           /* out of memory */
};

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct sharing *sharing = context;

	sharing->failed |= !shared_objects_before(&sharing->shared, walk, event);
	return !sharing->failed;
}

/* The frames of the acts of this process, while its symbols are there. */
static bool name_acts(struct sharing *sharing, struct symbols *symbols)
{
	struct shared_objects *shared = &sharing->shared;

	for (size_t i = shared->first_act; i < shared->act_count; i++) {
		struct site_row *row =
			site_rows_at(&sharing->rows, symbols, &shared->acts[i].first, 0);

		if (!row)
			return false;
		shared->acts[i].tag = (size_t)(row - sharing->rows.rows);
	}
	return true;
}

static bool event_of(void *trace, uint64_t seq, struct event *event)
{
	return trace_event_at(trace, seq, event);
}

/* Takes the trace over. more: another one follows. */
static int add_process(struct sharing *sharing, struct trace *trace,
                       const struct symbol_sources *sources, bool more)
{
	const struct vmat_header *header = trace_header(trace);
	const struct walk_observer observer = { .context = sharing, .before = before };
	struct symbols *symbols = symbols_new(trace, sources);
	enum walk_status status = WALK_NO_MEMORY;
	struct walk *walk = NULL;
	struct walk_input input;

	sharing->shared.event = event_of;
	sharing->shared.context = trace;
	shared_objects_enter(&sharing->shared, header->pid, header->realtime_ns);
	if (symbols && trace_walk_input(trace, &input))
		walk = walk_new(&input);
	if (walk)
		status = walk_run(walk, &observer);
	if (status == WALK_DONE &&
	    (!shared_objects_leave(&sharing->shared, walk) || !name_acts(sharing, symbols)))
		status = WALK_NO_MEMORY;
	if (sharing->failed)
		status = WALK_NO_MEMORY;
	walk_free(walk);
	if (status == WALK_NO_BASE)
		complain(STATUS_TRACE,
		         "cannot replay '%s': no snapshot of the address space survives in it",
		         trace_path(trace));
	if (!site_rows_leave(&sharing->rows, trace, symbols, more))
		status = WALK_NO_MEMORY;
	if (status == WALK_NO_MEMORY)
		complain(STATUS_TRACE, "out of memory");
	return status == WALK_DONE ? STATUS_FINE : STATUS_TRACE;
}

static void print_json(const struct shared_report *report, enum output_format format)
{
	struct json json;

	json_begin(&json, stdout, format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	if (format == OUTPUT_JSON)
		json_array(&json);
	for (size_t i = 0; i < report->shared->object_count; i++) {
		if (!shared_is_told(report->shared, i))
			continue;
		shared_json(&json, report, i);
		if (format == OUTPUT_JSONL)
			json_end(&json);
	}
	if (format == OUTPUT_JSON) {
		json_array_end(&json);
		json_end(&json);
	}
}

static void print_text(const struct shared_report *report)
{
	size_t told = 0;

	for (size_t i = 0; i < report->shared->object_count; i++) {
		if (!shared_is_told(report->shared, i))
			continue;
		if (told++)
			putchar('\n');
		shared_text(stdout, report, i);
	}
	if (!told)
		puts("nothing was mapped shared");
}

static int print(struct sharing *sharing, uint64_t start_ns, enum output_format format)
{
	struct shared_objects *shared = &sharing->shared;
	const struct site_view **sites;

	if (!shared_objects_finish(shared))
		return complain(STATUS_TRACE, "out of memory");
	sites = calloc(shared->act_count + 1, sizeof(*sites));
	if (!sites)
		return complain(STATUS_TRACE, "out of memory");
	for (size_t i = 0; i < shared->act_count; i++)
		sites[i] = &sharing->rows.rows[shared->acts[i].tag].view;
	if (format == OUTPUT_TEXT)
		print_text(&(struct shared_report) { shared, sites, start_ns });
	else
		print_json(&(struct shared_report) { shared, sites, start_ns }, format);
	free(sites);
	return STATUS_FINE;
}

int cmd_shared(int argc, char **argv)
{
	struct common_options common = { 0 };
	const struct option_group groups[] = {
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct sharing sharing = { 0 };
	struct trace_set set = { 0 };
	struct operands operands;
	uint64_t start_ns;
	int status, printed;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_find(&set, &operands, &common);
	if (status != STATUS_FINE)
		return status;
	start_ns = set.count ? set.entries[0].realtime_ns : 0;
	site_rows_init(&sharing.rows, GROUP_STACK);
	sharing.rows.common = &common;
	for (size_t i = 0; i < set.count; i++) {
		struct trace *trace = trace_set_open(&set, i);
		int one = trace ? add_process(&sharing, trace, &common.symbols, i + 1 < set.count)
		                : STATUS_TRACE;

		status = one > status ? one : status;
	}
	if (set.unreadable && status < STATUS_TRACE)
		status = STATUS_TRACE;
	printed = sharing.failed ? STATUS_TRACE : print(&sharing, start_ns, common.format);
	status = printed > status ? printed : status;
	if (printed == STATUS_FINE)
		symbols_lost_say(sharing.rows.symbols, sharing.rows.trace, &common);
	trace_set_release(&set);
	site_rows_release(&sharing.rows);
	shared_objects_release(&sharing.shared);
	return status;
}
