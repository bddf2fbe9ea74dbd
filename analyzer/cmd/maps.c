/*
 * maps: the VMA list at one moment, as /proc/PID/maps would have printed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "core/call_table.h"
#include "moment.h"
#include "options.h"
#include "render/maps_json.h"
#include "render/maps_text.h"
#include "symbols_lost.h"
#include "thread_of.h"
#include "trace_set.h"
#include "vmatrace/trace_format.h"

struct maps_options {
	struct when at;
	bool who;
	bool hide_internal;
};

static const struct option_row maps_rows[] = {
	{ "at", 0, 0, "WHEN",
	  "start, end (the default), peak, peak-vmas, 1.25s, 250ms, @SEQ, @SEQ-, mark:NAME",
	  take_when, offsetof(struct maps_options, at) },
	{ "who", 0, 0, NULL, "add who made each: call, function (file:line), event", take_flag,
	  offsetof(struct maps_options, who) },
	{ "hide-internal", 0, 0, NULL, "leave out the recorder's own", take_flag,
	  offsetof(struct maps_options, hide_internal) },
	{ 0 },
};

enum { MAPS_WHO_BYTES = 768 };

/* "thread-stack of 4711 "worker"" of a stack whose owner is known. False: nothing to say. */
static bool spell_owner(const struct moment *moment, const struct row_part *part, char *text,
                        size_t bytes)
{
	const struct thread_entry *thread =
		thread_of_row(moment->trace, &part->info, part->kind, moment->seq);
	size_t length = (size_t)snprintf(text, bytes, "%s", vma_kind_name(part->kind));

	if (thread)
		thread_text_owner(text + length, bytes - length, thread, moment->seq);
	return thread;
}

/* "mmap main (map.c:12) @17" */
static void spell_author(const struct moment *moment, const struct row_part *part, char *text,
                         size_t bytes)
{
	uint64_t seq = part->info.created_by;
	struct event event;
	bool known = moment_author(moment, seq, &event);
	const struct frame *frame = known ? symbols_call_site(moment->symbols, &event) : NULL;
	char site[512] = "";
	size_t length;

	if (seq == CREATED_BEFORE) {
		snprintf(text, bytes, "before recording");
	} else if (!known) {
		snprintf(text, bytes, "implicit (a snapshot found it)");
	} else {
		if (frame)
			frame_text(frame, site, sizeof(site));
		snprintf(text, bytes, "%s%s%s @%llu%s", call_name(event.call), frame ? " " : "",
		         site, (unsigned long long)seq,
		         event.flags & VMAT_EVENT_INTERNAL ? " (the recorder)" : "");
	}
	length = strlen(text);
	if (part->authors > 1)
		snprintf(text + length, bytes - length, ", and %zu more call%s", part->authors - 1,
		         part->authors == 2 ? "" : "s");
}

static bool is_shown(const struct moment *moment, size_t row, const struct maps_options *options)
{
	return !options->hide_internal || moment->map.kinds[row] != KIND_TRACER;
}

static void print_row(const struct moment *moment, size_t row, const char *who, size_t column)
{
	maps_text_line(stdout, &moment->map.rows[row].row, who, column, isatty(STDOUT_FILENO));
}

static void print_parts(const struct moment *moment, const struct row_part *parts, size_t count)
{
	char who[MAPS_WHO_BYTES], owner[MAPS_WHO_BYTES];

	for (size_t i = 0; i < count; i++) {
		spell_author(moment, &parts[i], who, sizeof(who));
		spell_owner(moment, &parts[i], owner, sizeof(owner));
		maps_text_part(stdout, &parts[i].info.row, owner, who);
	}
}

/* Rows with who made each; what different calls made for different ends is told below its row. */
static void print_with_who(const struct moment *moment, const struct maps_options *options)
{
	const struct rows *map = &moment->map;
	size_t column = 0;
	char who[2 * MAPS_WHO_BYTES];

	for (size_t i = 0; i < map->count; i++) {
		size_t length = maps_text_length(&map->rows[i].row);

		/* One very long path must not push everything out of the window. */
		if (is_shown(moment, i, options) && length > column && length <= 120)
			column = length;
	}
	for (size_t i = 0, count; i < map->part_count; i += count) {
		const struct row_part *parts = &map->parts[i];
		size_t length;

		count = row_parts_length(parts, map->part_count - i);
		if (!is_shown(moment, parts->row, options))
			continue;
		if (count > 1) {
			snprintf(who, sizeof(who), "%zu mappings in one row:", count);
			print_row(moment, parts->row, who, column);
			print_parts(moment, parts, count);
			continue;
		}
		spell_author(moment, parts, who, MAPS_WHO_BYTES);
		length = strlen(who); /* less than MAPS_WHO_BYTES, half of it */
		if (spell_owner(moment, parts, who + length + 2, sizeof(who) - length - 2))
			memcpy(who + length, "  ", 2);
		print_row(moment, parts->row, who, column);
	}
}

static void print_text(const struct moment *moment, const struct maps_options *options)
{
	if (options->who) {
		print_with_who(moment, options);
		return;
	}
	for (size_t i = 0; i < moment->map.count; i++) {
		if (is_shown(moment, i, options))
			print_row(moment, i, NULL, 0);
	}
}

static struct maps_author author_of(const struct moment *moment, uint64_t seq)
{
	struct maps_author author = { .known = seq != CREATED_BEFORE, .seq = seq };
	struct event event;

	if (moment_author(moment, seq, &event)) {
		author.by_frame_pointers = event.flags & VMAT_EVENT_FP;
		author.frame_count = symbols_frames(moment->symbols, &event, &author.frames);
	}
	return author;
}

static struct maps_vma vma_of(const struct moment *moment, const struct vma_row_info *info,
                              enum vma_kind kind)
{
	return (struct maps_vma) {
		.row = &info->row,
		.kind = vma_kind_name(kind),
		.thread = thread_of_row(moment->trace, info, kind, moment->seq),
		.created_by = author_of(moment, info->created_by),
	};
}

static void json_row(struct json *json, const struct moment *moment, const struct row_part *parts,
                     size_t count)
{
	const struct vma_row_info *info = &moment->map.rows[parts->row];
	struct maps_vma vma = vma_of(moment, info, moment->map.kinds[parts->row]);

	vma.last_changed_by = author_of(moment, info->changed_by);
	json_vma(json, &vma, trace_header(moment->trace)->page_bytes);
	if (count > 1) {
		json_key(json, "parts");
		json_array(json);
		for (size_t i = 0; i < count; i++) {
			vma = vma_of(moment, &parts[i].info, parts[i].kind);
			json_vma_part(json, &vma);
		}
		json_array_end(json);
	}
	json_object_end(json);
}

static void print_json(const struct moment *moment, const struct maps_options *options,
                       enum output_format format)
{
	const struct rows *map = &moment->map;
	struct json json;

	json_begin(&json, stdout, format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	if (format == OUTPUT_JSON)
		json_array(&json);
	for (size_t i = 0, count; i < map->part_count; i += count) {
		const struct row_part *parts = &map->parts[i];

		count = row_parts_length(parts, map->part_count - i);
		if (!is_shown(moment, parts->row, options))
			continue;
		json_row(&json, moment, parts, count);
		if (format == OUTPUT_JSONL)
			json_end(&json);
	}
	if (format == OUTPUT_JSON) {
		json_array_end(&json);
		json_end(&json);
	}
}

static int print_maps(struct trace *trace, const struct maps_options *options,
                      const struct common_options *common)
{
	struct symbols *symbols = symbols_new(trace, &common->symbols);
	struct moment moment = { 0 };
	/* The plain list names no function and no kind: reading debug information for it takes long. */
	bool wants_names = options->who || common->format != OUTPUT_TEXT;
	int status = symbols ? moment_reach_when(&moment, trace, wants_names ? symbols : NULL,
	                                         &options->at, NULL)
	                     : complain(STATUS_TRACE, "out of memory");

	if (status == STATUS_FINE && common->format == OUTPUT_TEXT)
		print_text(&moment, options);
	else if (status == STATUS_FINE)
		print_json(&moment, options, common->format);
	moment_release(&moment);
	if (status == STATUS_FINE)
		symbols_lost_say(symbols, trace, common);
	symbols_free(symbols);
	return status;
}

int cmd_maps(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct maps_options options = { 0 };
	const struct option_group groups[] = {
		{ maps_rows, &options, 0 },
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
		status = print_maps(trace, &options, &common);
	trace_close(trace);
	return status;
}
