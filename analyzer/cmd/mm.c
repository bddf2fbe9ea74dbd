/*
 * mm: the mm_struct of a process at one moment, as far as user space can know it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "core/mm.h"
#include "moment.h"
#include "options.h"
#include "render/mm_report.h"
#include "thread_of.h"
#include "trace_set.h"

struct mm_options {
	struct when at;
};

static const struct option_row mm_rows[] = {
	{ "at", 0, 0, "WHEN",
	  "start, end (the default), peak, peak-vmas, 1.25s, 250ms, @SEQ, @SEQ-, mark:NAME",
	  take_when, offsetof(struct mm_options, at) },
	{ 0 },
};

static void change(void *context, const struct vma_change *change)
{
	mm_meter_change(context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	mm_meter_after(context, walk, event);
	return true;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	if (checkpoint->is_base)
		mm_meter_base(context, walk);
}

static void keep(void *context)
{
	mm_meter_keep(context);
}

static bool go_back(void *context)
{
	return mm_meter_go_back(context);
}

static size_t find_stacks(const struct moment *moment, struct mm_stack *stacks)
{
	const struct rows *map = &moment->map;
	size_t count = 0;

	for (size_t i = 0; i < map->part_count; i++) {
		const struct row_part *part = &map->parts[i];

		if (part->kind == KIND_THREAD_STACK || part->kind == KIND_MAIN_STACK)
			stacks[count++] = (struct mm_stack) {
				.row = &part->info.row,
				.kind = part->kind,
				.owner = thread_of_row(moment->trace, &part->info, part->kind,
				                       moment->seq),
			};
	}
	return count;
}

static int print_view(const struct mm_meter *meter, const struct moment *moment,
                      const struct mm_options *options, enum output_format format)
{
	const struct vmat_header *header = trace_header(moment->trace);
	const struct rows *map = &moment->map;
	struct mm_part kinds[KIND_COUNT];
	struct mm_part *files = calloc(map->count + 1, sizeof(*files));
	struct mm_stack *stacks = calloc(map->part_count + 1, sizeof(*stacks));
	struct mm_view view;
	struct mm_report report = {
		.header = header,
		.view = &view,
		.at = options->at.given ? options->at.text : "end",
		.locked_known = mm_meter_fine(meter),
		.kinds = kinds,
		.files = files,
		.stacks = stacks,
		.seq = moment->seq,
	};
	struct json json;
	bool fine = files && stacks;

	if (fine) {
		mm_view_read(meter, moment->walk, map->rows, map->count, header, &view);
		report.kind_count =
			mm_parts_by_kind(map->parts, map->part_count, kinds, &report.kind_more);
		report.file_count = mm_parts_by_file(map->rows, map->kinds, map->count, files);
		report.stack_count = find_stacks(moment, stacks);
	}
	if (fine && format == OUTPUT_TEXT) {
		mm_text(stdout, &report);
	} else if (fine) {
		json_begin(&json, stdout, format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
		mm_json(&json, &report);
		json_end(&json);
	}
	free(files);
	free(stacks);
	return fine ? STATUS_FINE : complain(STATUS_TRACE, "out of memory");
}

static int print_mm(struct trace *trace, const struct mm_options *options,
                    const struct common_options *common)
{
	struct symbols *symbols = symbols_new(trace, &common->symbols);
	struct mm_meter *meter = mm_meter_new(trace_header(trace)->page_bytes);
	const struct moment_follower follower = {
		.observer = {
			.context = meter,
			.change = change,
			.after = after,
			.checkpoint = checkpoint,
		},
		.keep = keep,
		.go_back = go_back,
	};
	struct moment moment = { 0 };
	int status = symbols && meter
	                     ? moment_reach_when(&moment, trace, symbols, &options->at, &follower)
	                     : complain(STATUS_TRACE, "out of memory");

	if (status == STATUS_FINE)
		status = print_view(meter, &moment, options, common->format);
	moment_release(&moment);
	mm_meter_free(meter);
	symbols_free(symbols);
	return status;
}

int cmd_mm(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct mm_options options = { 0 };
	const struct option_group groups[] = {
		{ mm_rows, &options, 0 },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace *trace;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_open_one(&operands, &common, NULL, &trace);
	if (status == STATUS_FINE)
		status = print_mm(trace, &options, &common);
	trace_close(trace);
	return status;
}
