/*
 * timeline_text: see the header.
 */
#include "timeline_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/call_table.h"
#include "sparkline.h"
#include "text.h"

enum {
	CURVE_COLUMNS = 60,
	LINE_COLUMNS = 100,
	COMMAND_COLUMNS = 80,
	NAME_COLUMNS = 16,
};

/* SGR parameters of a change; "" is plain. */
static const char *const colors[CHANGE_COUNT] = {
	[CHANGE_CREATE] = "32",  [CHANGE_REMOVE] = "31", [CHANGE_REPLACE] = "35",
	[CHANGE_GROW] = "32",    [CHANGE_SHRINK] = "31", [CHANGE_PROTECT] = "33",
	[CHANGE_IMPLICIT] = "2", [CHANGE_ADVISE] = "36", [CHANGE_LOCK] = "36",
	[CHANGE_MOVE] = "34",
};

char *text_grouped(char *text, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *at = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return text;
}

static void color(FILE *out, const char *parameters, const struct text_style *style)
{
	if (style->colored && parameters)
		fprintf(out, "\033[%sm", parameters);
}

static void plain(FILE *out, const char *parameters, const struct text_style *style)
{
	if (style->colored && parameters)
		fputs("\033[0m", out);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* As it was called: what a symbolic link leads to (header.exe) is often another name. */
static const char *program_name(const struct vmat_header *header)
{
	const char *called = base_name(header->command_line);

	return header->command_line_bytes && called[0] ? called : base_name(header->exe);
}

/* The arguments behind the program's name, as far as there is room. */
static void print_command(FILE *out, const struct vmat_header *header)
{
	size_t bytes = header->command_line_bytes;
	size_t columns = 0;

	if (bytes > sizeof(header->command_line))
		bytes = sizeof(header->command_line);
	for (size_t at = 0; at < bytes && columns < COMMAND_COLUMNS;) {
		size_t length = strnlen(header->command_line + at, bytes - at);
		char word[COMMAND_COLUMNS + 1], escaped[4 * COMMAND_COLUMNS + 1];
		size_t room = COMMAND_COLUMNS - columns;
		bool cut = length > room;

		snprintf(word, sizeof(word), "%.*s", (int)(cut ? room : length),
		         header->command_line + at);
		text_escaped(escaped, sizeof(escaped), word);
		fprintf(out, "%s%s%s", at ? " " : "", escaped, cut ? "..." : "");
		columns += strlen(escaped) + 1;
		at += length + 1;
		if (!cut && at < bytes && columns >= COMMAND_COLUMNS)
			fputs(" ...", out);
	}
}

static void print_counts(FILE *out, const struct timeline_view *view)
{
	const struct trace_counts *counts = view->counts;
	char text[32], number[32];

	text_duration(text, sizeof(text), view->to_ns - view->from_ns);
	fputs(text, out);
	/* A part of it: asked for, or all that the ring still holds. */
	if (view->from_ns || view->to_ns < counts->last_ns)
		fprintf(out, " of %s",
		        text_duration(text, sizeof(text),
		                      view->to_ns > counts->last_ns ? view->to_ns
		                                                    : counts->last_ns));
	fprintf(out, ", %s event%s", text_grouped(number, counts->events),
	        counts->events == 1 ? "" : "s");
	if (counts->lost)
		fprintf(out, ", %s lost", text_grouped(number, counts->lost));
	fputs(view->header->layers & VMAT_LAYER_SITES
	              ? ", calls inside libc seen too"
	              : ", program's calls only (what libc does inside itself is implicit)",
	      out);
}

static void print_curve(FILE *out, const char *name, const struct timeline_view *view, bool bytes,
                        const struct text_style *style)
{
	const struct timeline *timeline = view->timeline;
	const struct timeline_peak *peak = bytes ? &timeline->peak_bytes : &timeline->peak_vmas;
	struct curve_value samples[CURVE_COLUMNS];
	uint64_t values[CURVE_COLUMNS];
	uint64_t end = bytes ? timeline->now.mapped_bytes : timeline->now.vma_count;
	char highest[32], last[32], time[32];

	curve_sample(&timeline->curve, view->from_ns, view->to_ns, samples, CURVE_COLUMNS);
	for (size_t i = 0; i < CURVE_COLUMNS; i++)
		values[i] = bytes ? samples[i].mapped_bytes : samples[i].vma_count;
	if (bytes) {
		text_bytes(highest, sizeof(highest), peak->value);
		text_bytes(last, sizeof(last), end);
	} else {
		text_grouped(highest, peak->value);
		text_grouped(last, end);
	}
	fprintf(out, "%-7s ", name);
	color(out, "36", style);
	sparkline(out, values, CURVE_COLUMNS, style->utf8);
	plain(out, "36", style);
	fprintf(out, "  peak %s at %s, end %s\n", highest,
	        text_duration(time, sizeof(time), peak->time_ns), last);
}

static size_t print_kinds(FILE *out, const struct timeline_view *view)
{
	static const char at_peak[] = "at the peak: ";
	size_t columns = 0, lines = 0;
	bool shown[KIND_COUNT] = { false };

	/* The largest first. */
	for (;;) {
		int best = -1, width;
		char item[96], bytes[32];

		for (int i = 0; i < KIND_COUNT; i++)
			if (!shown[i] && view->at_peak[i].vmas && i != KIND_TRACER &&
			    (best < 0 || view->at_peak[i].bytes > view->at_peak[best].bytes))
				best = i;
		if (best < 0)
			break;
		shown[best] = true;
		width = snprintf(item, sizeof(item), "%s %s in %" PRIu64,
		                 vma_kind_name((enum vma_kind)best),
		                 text_bytes(bytes, sizeof(bytes), view->at_peak[best].bytes),
		                 view->at_peak[best].vmas);
		if (columns && columns + (size_t)width + 2 <= LINE_COLUMNS) {
			fprintf(out, ", %s", item);
			columns += (size_t)width + 2;
			continue;
		}
		fprintf(out, "%s%-7s %s%s", columns ? ",\n" : "", lines ? "" : "kinds",
		        lines ? "" : at_peak, item);
		columns = 8 + (size_t)width + (lines ? 0 : strlen(at_peak));
		lines++;
	}
	if (lines)
		putc('\n', out);
	return lines;
}

size_t timeline_text_head(FILE *out, const struct timeline_view *view,
                          const struct text_style *style)
{
	size_t lines = 4;

	color(out, "1", style);
	print_escaped(out, program_name(view->header));
	fprintf(out, " (%" PRIu32 ")", view->header->pid);
	plain(out, "1", style);
	fputs(": ", out);
	print_command(out, view->header);
	putc('\n', out);
	print_counts(out, view);
	putc('\n', out);
	print_curve(out, "mapped", view, true, style);
	print_curve(out, "VMAs", view, false, style);
	if (view->has_kinds)
		lines += print_kinds(out, view);
	return lines;
}

size_t timeline_text_brief(FILE *out, const struct timeline_view *view,
                           const struct text_style *style)
{
	char time[32], bytes[32], events[32], changes[32], vmas[32], name[64];

	fprintf(out, "%8" PRIu32 "  ", view->header->pid);
	color(out, "1", style);
	text_escaped(name, sizeof(name), program_name(view->header));
	fprintf(out, "%-20.20s", name);
	plain(out, "1", style);
	fprintf(out, " %9s %11s %11s %11s %9s\n",
	        text_duration(time, sizeof(time), view->to_ns - view->from_ns),
	        text_grouped(events, view->counts->events),
	        text_grouped(changes, view->timeline->total_changes),
	        text_bytes(bytes, sizeof(bytes), view->timeline->peak_bytes.value),
	        text_grouped(vmas, view->timeline->peak_vmas.value));
	return 1;
}

size_t timeline_text_brief_columns(FILE *out, const struct text_style *style)
{
	color(out, "2", style);
	fprintf(out, "%8s  %-20s %9s %11s %11s %11s %9s", "pid", "program", "time", "events",
	        "changes", "peak", "peak VMAs");
	plain(out, "2", style);
	putc('\n', out);
	return 1;
}

size_t timeline_text_columns(FILE *out, const struct text_style *style)
{
	putc('\n', out);
	color(out, "2", style);
	fprintf(out, "%11s %7s %8s  %-8s %7s  %-25s %9s  %-9s %-*s  %s", "seconds", "event",
	        "thread", "change", "times", "range", "size", "perms", NAME_COLUMNS, "what", "who");
	plain(out, "2", style);
	putc('\n', out);
	return 2;
}

static void spell_perms(char *text, size_t bytes, const struct vma_change *change, bool utf8)
{
	char before[8], after[8];
	char share = change->shared ? 's' : 'p';

	text_prot(before, sizeof(before), change->prot_before);
	text_prot(after, sizeof(after), change->prot_after);
	if (change->mapped_before && change->mapped_after &&
	    change->prot_before != change->prot_after)
		snprintf(text, bytes, "%s%s%s%c", before, utf8 ? "→" : ">", after, share);
	else
		snprintf(text, bytes, "%s%c", change->mapped_after ? after : before, share);
}

/* Columns of a text of few multi-byte characters. */
static int columns_of(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static void print_padded(FILE *out, const char *text, int columns)
{
	int width = columns_of(text);

	fprintf(out, "%s%*s", text, columns > width ? columns - width : 0, "");
}

/* The last component of the name or, where there is no one name, the kind of memory. */
static void print_what(FILE *out, const struct fold_line *line)
{
	const char *name = line->first.name;
	char escaped[256];

	/* /dev/zero is the kernel's name for shared memory without one. */
	if (!name[0] || line->many_names || strncmp(name, "/dev/zero", 9) == 0)
		name = vma_kind_name(line->kind);
	text_escaped(escaped, sizeof(escaped), name[0] == '/' ? base_name(name) : name);
	print_padded(out, escaped, NAME_COLUMNS);
}

static void print_who(FILE *out, const struct fold_line *line, const char *site)
{
	const struct event *event = &line->event;

	if (event->call == CALL_IMPLICIT) {
		const char *cause = implicit_cause_name(line->first.cause);

		fprintf(out, "%s, %s",
		        !line->first.mapped_before ? "appeared"
		        : line->first.mapped_after ? "changed"
		                                   : "vanished",
		        line->first.cause == CAUSE_UNEXPLAINED ? "no call seen" : cause);
		return;
	}
	fprintf(out, "%s%s%s", call_name(event->call), site[0] ? "  " : "", site);
}

void timeline_text_line(FILE *out, const struct fold_line *line, const char *site,
                        const struct thread_entry *owner, const struct text_style *style)
{
	const struct event *event = &line->event;
	uint64_t us = event->time_ns / 1000;
	char seq[24] = "", thread[16] = "", times[32] = "", number[32], bytes[32], perms[32],
	     range[48];

	if (event->call != CALL_IMPLICIT && (!event->in_flight || event->left))
		snprintf(seq, sizeof(seq), "@%" PRIu64, event->seq);
	if (event->tid)
		snprintf(thread, sizeof(thread), "%" PRIu32 "%s", event->tid,
		         line->many_threads ? "+" : "");
	if (line->count > 1)
		snprintf(times, sizeof(times), "%s %s", style->utf8 ? "×" : "x",
		         text_grouped(number, line->count));
	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, line->start, line->end);
	spell_perms(perms, sizeof(perms), &line->first, style->utf8);
	fprintf(out, "%4" PRIu64 ".%06" PRIu64 " %7s %8s  ", us / 1000000, us % 1000000, seq,
	        thread);
	color(out, colors[line->first.kind], style);
	fprintf(out, "%-8s", change_kind_name(line->first.kind));
	plain(out, colors[line->first.kind], style);
	fprintf(out, " %*s%s  %-25s %9s  ", 7 - columns_of(times) > 0 ? 7 - columns_of(times) : 0,
	        "", times, range, text_bytes(bytes, sizeof(bytes), line->bytes));
	print_padded(out, perms, 9);
	putc(' ', out);
	print_what(out, line);
	fputs("  ", out);
	print_who(out, line, site);
	if (owner)
		fputs("  (stack", out);
	thread_print_owner(out, owner, event->seq);
	if (owner)
		putc(')', out);
	if (line->count > 1)
		fprintf(out, "  (until %" PRIu64 ".%06" PRIu64 ")", line->last_ns / 1000000000,
		        line->last_ns / 1000 % 1000000);
	putc('\n', out);
}

void timeline_text_left_out(FILE *out, const struct fold_result *result,
                            const struct text_style *style)
{
	char changes[32], bytes[32];

	if (!result->left_out)
		return;
	fprintf(out, "%s %s more changes, %s, in %zu more lines: -n 0 shows all\n",
	        style->utf8 ? "…" : "...", text_grouped(changes, result->left_out),
	        text_bytes(bytes, sizeof(bytes), result->left_out_bytes), result->left_out_lines);
}
