/*
 * budget: the VMAs of a process against vm.max_map_count, and why calls found no memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "core/curve.h"
#include "render/budget_report.h"
#include "render/sparkline.h"
#include "site_gather.h"
#include "site_rows.h"
#include "symbols_lost.h"
#include "trace_set.h"

enum { LINES = 10 }; /* of each list, unless -n says otherwise */

/* One process, followed by the walk of its sites. */
struct counting {
	struct site_gathering gathering;
	struct budget_report report;
	struct curve curve;
	struct site_table *failed_sites; /* of the failures, in the same order */
	struct budget_failure *failures;
	bool failed;    /* out of memory */
	uint64_t gates; /* rows that are no VMAs: [vsyscall] */
};

static void count(struct counting *counting, uint64_t vmas, uint64_t time_ns)
{
	struct budget_report *report = &counting->report;
	const struct curve_value value = { .vma_count = vmas - counting->gates };

	vmas = value.vma_count;
	curve_add(&counting->curve, time_ns, &value);
	report->end = vmas;
	if (time_ns > report->end_ns)
		report->end_ns = time_ns;
	if (vmas <= report->peak)
		return;
	report->peak = vmas;
	report->peak_ns = time_ns;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct counting *counting = context;
	const struct snapshot *snapshot = checkpoint->snapshot;

	if (checkpoint->is_base) {
		counting->gates = vma_map_at(walk_map(walk), 1ull << 63) != NULL;
		counting->report.start = vma_map_count(walk_map(walk)) - counting->gates;
	}
	counting->report.kernel_end = snapshot->row_count - counting->gates;
	count(counting, vma_map_count(walk_map(walk)), snapshot->time_ns);
}

static void change(void *context, const struct vma_change *change)
{
	count(context, change->vma_count, change->event->time_ns);
}

/* Those that were in force when it failed: the program may have set others since it began. */
static void set_limits(const struct counting *counting, uint64_t seq,
                       struct budget_failure *failure)
{
	struct vmat_limits then;

	failure->limits = counting->report.limits;
	failure->limits_known = trace_limits(counting->gathering.trace, seq, &then);
	failure->limits.as = then.as;
	failure->limits.data = then.data;
	failure->limits.memlock = then.memlock;
}

/* The first failure of each site is explained, the others are counted. */
static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct counting *counting = context;
	struct budget_failure *failure;
	struct site_entry *site;
	size_t index;

	if (!shortage_is(event))
		return true;
	site = site_table_at(counting->failed_sites, event);
	if (!site)
		goto out_of_memory;
	index = (size_t)(site - site_table_item(counting->failed_sites, 0));
	if (index == counting->report.failure_count) {
		failure = reallocarray(counting->failures, index + 1, sizeof(*failure));
		if (!failure)
			goto out_of_memory;
		counting->failures = failure;
		counting->report.failure_count++;
		failure[index] = (struct budget_failure) {
			.call = site_call_of(event),
			.error = event->error,
			.time_ns = event->time_ns,
		};
		shortage_read(&failure[index].facts, walk_map(walk), event);
		set_limits(counting, event->seq, &failure[index]);
		failure[index].shortage =
			shortage_explain(&failure[index].facts, event, &failure[index].limits);
	}
	counting->failures[index].count++;
	return true;
out_of_memory:
	counting->failed = true;
	return false;
}

/* --- the report --------------------------------------------------------------------------------------- */

/* Those rows that have something, in the order they are in now. NULL: out of memory. */
static const struct site_view **views(const struct site_rows *rows, bool splits, size_t *count)
{
	const struct site_view **list = calloc(rows->count + 1, sizeof(*list));

	for (size_t i = 0; list && i < rows->count; i++) {
		const struct site_totals *totals = &rows->rows[i].view.totals;

		if (splits ? totals->splits : totals->vmas_live)
			list[(*count)++] = &rows->rows[i].view;
	}
	return list;
}

static int compare_splits(const void *left, const void *right)
{
	const struct site_view *const *a = left, *const *b = right;

	return ((*a)->totals.splits < (*b)->totals.splits) -
	       ((*a)->totals.splits > (*b)->totals.splits);
}

static bool ran_out(const struct counting *counting)
{
	for (size_t i = 0; i < counting->report.failure_count; i++) {
		if (counting->failures[i].shortage == SHORTAGE_VMAS)
			return true;
	}
	return false;
}

static void forecast(struct counting *counting)
{
	struct budget_report *report = &counting->report;
	struct curve_value samples[BUDGET_SAMPLES];

	curve_sample(&counting->curve, 0, report->end_ns, samples, BUDGET_SAMPLES);
	for (size_t i = 0; i < BUDGET_SAMPLES; i++)
		report->samples[i] = samples[i].vma_count;
	report->grows =
		!ran_out(counting) && report->limits.max_map_count &&
		shortage_forecast(report->samples, BUDGET_SAMPLES, report->end_ns / BUDGET_SAMPLES,
	                          report->limits.max_map_count, &report->reached_ns);
}

/*
 * A failure's site is a row like any other, made here if nothing else was seen of it. Rows move when one is made: what
 * this sets holds once all are there, which they are the second time.
 */
static bool name_failures(struct counting *counting, struct site_rows *rows)
{
	for (size_t i = 0; i < counting->report.failure_count; i++) {
		const struct event event = site_call_event(&counting->failures[i].call);
		struct site_row *row = site_rows_at(rows, counting->gathering.symbols, &event, 0);

		if (!row)
			return false;
		counting->failures[i].site = &row->view;
	}
	return true;
}

/* False: out of memory. */
static bool print(struct counting *counting, const struct common_options *common, struct json *json)
{
	struct budget_report *report = &counting->report;
	const struct site_view **holders = NULL, **splitters = NULL;
	struct site_rows rows;
	bool fine;

	site_rows_init(&rows, GROUP_STACK);
	fine = site_rows_add(&rows, counting->gathering.symbols, counting->gathering.table);
	site_gathering_release(&counting->gathering);
	if (fine) {
		site_rows_sort(&rows, ORDER_VMAS);
		fine = name_failures(counting, &rows) && name_failures(counting, &rows);
	}
	if (fine) {
		holders = views(&rows, false, &report->holder_count);
		splitters = views(&rows, true, &report->splitter_count);
		fine = holders && splitters;
	}
	if (fine) {
		qsort(splitters, report->splitter_count, sizeof(*splitters), compare_splits);
		report->holders = holders;
		report->splitters = splitters;
		report->failures = counting->failures;
		forecast(counting);
		if (json)
			budget_json(json, report);
		else
			budget_text(stdout, report, text_is_utf8(), options_colored(common));
	}
	free(holders);
	free(splitters);
	site_rows_release(&rows);
	return fine;
}

static int one_process(struct trace *trace, const struct filter *filter,
                       const struct common_options *common, struct json *json)
{
	const struct vmat_header *header = trace_header(trace);
	struct counting counting = {
		.gathering = {
			.filter = filter,
			.trace = trace,
			.symbols = symbols_new(trace, &common->symbols),
		},
		.report = {
			.header = header,
			.limits = shortage_limits_of(header),
			.limit = !filter->limit.given ? LINES
			         : filter->limit.value ? filter->limit.value : SIZE_MAX,
		},
		.failed_sites = site_table_new(),
	};
	const struct walk_observer also = {
		.context = &counting,
		.before = before,
		.change = change,
		.checkpoint = checkpoint,
	};
	int status = STATUS_FINE;

	curve_init(&counting.curve);
	counting.gathering.also = &also;
	if (!counting.gathering.symbols || !counting.failed_sites)
		counting.failed = true;
	else
		status = site_gather(&counting.gathering);
	moment_release(&counting.gathering.moment);
	site_table_free(counting.failed_sites);
	if (counting.failed || (status == STATUS_FINE && !print(&counting, common, json)))
		status = complain(STATUS_TRACE, "out of memory");
	free(counting.failures);
	site_gathering_release(&counting.gathering);
	if (status == STATUS_FINE)
		symbols_lost_say(counting.gathering.symbols, trace, common);
	symbols_free(counting.gathering.symbols);
	return status;
}

int cmd_budget(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	const struct option_group groups[] = {
		{ filter_rows, &filter, FILTER_LIMIT },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace *trace;
	struct json json;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_open_one(&operands, &common, NULL, &trace);
	if (status != STATUS_FINE)
		return status;
	json_begin(&json, stdout, common.format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	status = one_process(trace, &filter, &common, common.format == OUTPUT_TEXT ? NULL : &json);
	if (common.format != OUTPUT_TEXT && status == STATUS_FINE)
		json_end(&json);
	trace_close(trace);
	return status;
}
