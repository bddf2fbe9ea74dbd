/*
 * history: everything that happened to some pages, and what was wrong with the address of a crash.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "command.h"
#include "history_tell.h"
#include "io/core_file.h"
#include "io/trace_end.h"
#include "moment.h"
#include "options.h"
#include "symbols_lost.h"
#include "trace_set.h"

enum { LINES = 40 }; /* the last ones, unless -n says otherwise */

struct history_options {
	bool crash;
	bool internal;
	const char *core;
	struct core_signal signal; /* of core */
	bool has_pages;
	struct page_range pages;
	size_t limit; /* rows of text; SIZE_MAX: all */
};

static const struct option_row history_rows[] = {
	{ "crash", 0, 0, NULL, "of the address of the fault (recorded with VMATRACE_FAULTS=1)",
	  take_flag, offsetof(struct history_options, crash) },
	{ "core", 0, 0, "FILE", "of the fault that a core file tells of", take_text,
	  offsetof(struct history_options, core) },
	{ 0 },
};

static bool parse_address(const char *text, char **end, uint64_t *address)
{
	errno = 0;
	*address = strtoull(text, end, 16);
	return *end != text && text[0] != '-' && text[0] != ' ' && !errno;
}

static bool parse_pages(const char *text, struct page_range *pages)
{
	char *end;

	if (!parse_address(text, &end, &pages->start))
		return false;
	pages->end = pages->start + 1;
	if (*end == '-' && !parse_address(end + 1, &end, &pages->end))
		return false;
	return *end == '\0' && pages->end > pages->start;
}

/*
 * A thread that cannot write to its stack has no room for a handler's frame either, and then the kernel tells no address: its
 * stack pointer does. The main stack grows unseen: where it ends now nobody knows.
 */
static int look_below(struct trace *trace, struct symbols *symbols, uint64_t sp,
                      struct history_fault *fault)
{
	const struct when_point end = when_end();
	struct moment moment = { 0 };
	int status = moment_reach(&moment, trace, symbols, &end, NULL);

	for (size_t i = 0; status == STATUS_FINE && i < moment.map.count; i++) {
		const struct vma_row *row = &moment.map.rows[i].row;

		if (row->end < sp)
			continue;
		if (row->start < sp ? !(row->prot & PROT_WRITE)
		                    : moment.map.kinds[i] != KIND_MAIN_STACK) {
			fault->fault.address = sp - 1;
			fault->fault.no_address = false;
		}
		break;
	}
	moment_release(&moment);
	return status;
}

static int from_core(const struct history_options *options, struct trace *trace,
                     struct symbols *symbols, struct history_fault *fault)
{
	const struct core_signal found = options->signal;
	const char *path = options->core;
	enum fault_origin origin;

	if (found.signal != SIGSEGV && found.signal != SIGBUS)
		return complain(STATUS_TRACE, "'%s' tells of signal %d (%s), which has no address",
		                path, found.signal, strsignal(found.signal));
	origin = fault_origin(found.code);
	if (origin == FAULT_SENT)
		return complain(STATUS_TRACE,
		                "'%s' tells of signal %d (%s) that a process sent, which has no "
		                "address",
		                path, found.signal, strsignal(found.signal));
	if (found.pid != trace_header(trace)->pid)
		complain(STATUS_FINE, "'%s' is of process %" PRIu32 ", the trace of %" PRIu32, path,
		         found.pid, trace_header(trace)->pid);
	fault->source = "core";
	fault->tid = found.tid;
	fault->fault.address = found.address;
	fault->fault.bus = found.signal == SIGBUS;
	fault->fault.no_address = origin == FAULT_OF_KERNEL;
	return fault->fault.no_address && found.sp ? look_below(trace, symbols, found.sp, fault)
	                                           : STATUS_FINE;
}

static int from_trace(struct trace *trace, struct history_fault *fault, struct when_point *point)
{
	const struct vmat_fault *found = &trace_control(trace)->fault;

	if (!found->signal)
		return complain(STATUS_TRACE,
		                "'%s' tells of no fault: record with VMATRACE_FAULTS=1, or name a "
		                "core file with --core",
		                trace_path(trace));
	fault->source = "recorded";
	fault->tid = found->tid;
	fault->fault.address = found->address;
	fault->fault.access = found->access;
	fault->fault.bus = found->signal == SIGBUS;
	fault->fault.no_address = fault_origin((int)found->code) == FAULT_OF_KERNEL;
	*point = (struct when_point) { WHEN_BEFORE, found->head };
	return STATUS_FINE;
}

static int one_process(struct trace *trace, const struct history_options *options,
                       const struct common_options *common)
{
	struct when_point point = when_end();
	struct history_fault fault = { 0 };
	struct telling telling = {
		.limit = common->format == OUTPUT_TEXT ? options->limit : 1,
		.trace = trace,
		.internal = options->internal,
		.lines = common->format == OUTPUT_JSONL,
	};
	bool crash = options->crash || options->core;
	uint64_t fault_ns = 0;
	struct json json;
	int status = STATUS_FINE;

	telling.symbols = symbols_new(trace, &common->symbols);
	if (!telling.symbols)
		return complain(STATUS_TRACE, "out of memory");
	if (options->core)
		status = from_core(options, trace, telling.symbols, &fault);
	else if (options->crash)
		status = from_trace(trace, &fault, &point);
	if (status != STATUS_FINE) {
		symbols_free(telling.symbols);
		return status;
	}
	if (crash && !options->core)
		fault_ns = trace_time(trace, trace_control(trace)->fault.ticks);
	telling.pages.pages =
		crash ? (struct page_range) { fault.fault.address, fault.fault.address + 1 }
		      : options->pages;
	if (common->format != OUTPUT_TEXT) {
		telling.json = &json;
		json_begin(&json, stdout, telling.lines ? JSON_LINE : JSON_ROWS);
		if (crash) {
			telling.lines = false;
			json_object(&json);
			json_member_number(&json, "schema", 1);
			json_key(&json, "history");
		}
		if (!telling.lines)
			json_array(&json);
	}
	status = history_tell(&telling, &point, crash ? &fault : NULL, fault_ns,
	                      options_colored(common));
	if (telling.json && crash && status == STATUS_FINE)
		json_object_end(&json);
	else if (telling.json && !telling.lines)
		json_array_end(&json);
	if (telling.json && !telling.lines)
		json_end(&json);
	free(telling.rows);
	page_history_release(&telling.pages);
	symbols_lost_say(telling.symbols, trace, common);
	symbols_free(telling.symbols);
	return status;
}

static bool crashed(const struct trace_entry *entry, const void *context)
{
	struct vmat_fault fault;

	(void)context;
	return trace_peek_fault(entry->path, &fault);
}

static bool is_of_core(const struct trace_entry *entry, const void *context)
{
	const struct core_signal *core = context;

	return entry->pid == core->pid;
}

static int read_core(struct history_options *options)
{
	const char *why;

	if (core_file_read(options->core, &options->signal, &why))
		return STATUS_FINE;
	return complain(STATUS_TRACE, "cannot read '%s': %s", options->core,
	                why ? why : strerror(errno));
}

/* Of several processes that one which crashed, or which the core is of. */
static int open_trace(const struct history_options *options, const struct operands *operands,
                      const struct common_options *common, struct trace **trace)
{
	const struct trace_choice of_crash = {
		.what = " that crashed",
		.none = "tells of a fault: record with VMATRACE_FAULTS=1, or name a core file with "
			"--core",
		.wanted = crashed,
	};
	const struct trace_choice of_core = {
		.what = " of the core's process",
		.wanted = is_of_core,
		.context = &options->signal,
	};

	return trace_set_open_one(operands, common,
	                          options->core    ? &of_core
	                          : options->crash ? &of_crash
	                                           : NULL,
	                          trace);
}

int cmd_history(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct history_options options = { 0 };
	struct filter filter = { 0 };
	const struct option_group groups[] = {
		{ history_rows, &options, 0 },
		{ filter_rows, &filter, FILTER_LIMIT | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace *trace;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	if (!options.crash && !options.core) {
		if (!operands.count || !parse_pages(operands.item[0], &options.pages))
			return complain(
				STATUS_USAGE,
				"expected an address or a range of them first, as 7f1200000000 "
				"or 7f1200000000-7f1200004000, or --crash or --core FILE");
		operands.count--;
		operands.item++;
	}
	options.internal = filter.internal;
	options.limit = !filter.limit.given  ? LINES
	                : filter.limit.value ? filter.limit.value
	                                     : SIZE_MAX;
	status = options.core ? read_core(&options) : STATUS_FINE;
	if (status == STATUS_FINE)
		status = open_trace(&options, &operands, &common, &trace);
	if (status != STATUS_FINE)
		return status;
	status = one_process(trace, &options, &common);
	trace_close(trace);
	return status;
}
