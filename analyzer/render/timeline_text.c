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
	RANGE_COLUMNS = 25,
	SEQ_COLUMNS = 7,
	PERMS_BYTES = 3 + 3 + 3 + 1 + 1, /* "rw-→r--p", the arrow in UTF-8 */
	OWNER_BYTES = 4 * VMAT_THREAD_NAME_BYTES + 64,
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
	/* Of a time that nothing was seen of nobody knows what was mapped. */
	if (view->timeline->begun) {
		print_curve(out, "mapped", view, true, style);
		print_curve(out, "VMAs", view, false, style);
	}
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

/* Into text of PERMS_BYTES. */
static void spell_perms(char *text, const struct vma_change *change, bool utf8)
{
	char before[4], after[4];
	char share = change->shared ? 's' : 'p';

	text_prot(before, sizeof(before), change->prot_before);
	text_prot(after, sizeof(after), change->prot_after);
	if (change->mapped_before && change->mapped_after &&
	    change->prot_before != change->prot_after) {
		text = stpcpy(text, before);
		text = stpcpy(text, utf8 ? "→" : ">");
		text = stpcpy(text, after);
	} else {
		text = stpcpy(text, change->mapped_after ? after : before);
	}
	text[0] = share;
	text[1] = '\0';
}

/* Columns of a text of few multi-byte characters. */
static int columns_of(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static void put_padded(struct writer *out, const char *text, int columns)
{
	int width = columns_of(text);

	writer_text(out, text);
	if (columns > width)
		writer_spaces(out, (size_t)(columns - width));
}

/* The last component of the name or, where there is no one name, the kind of memory. */
static void put_what(struct writer *out, const struct fold_line *line)
{
	const char *name = line->first.name;
	char escaped[256];

	/* /dev/zero is the kernel's name for shared memory without one. */
	if (!name[0] || line->many_names || strncmp(name, "/dev/zero", 9) == 0)
		name = vma_kind_name(line->kind);
	else
		name = text_escaped(escaped, sizeof(escaped),
		                    name[0] == '/' ? base_name(name) : name);
	put_padded(out, name, NAME_COLUMNS);
}

static void put_who(struct writer *out, const struct fold_line *line, const char *site)
{
	const struct event *event = &line->event;

	if (event->call == CALL_IMPLICIT) {
		writer_text(out, !line->first.mapped_before ? "appeared"
		                 : line->first.mapped_after ? "changed"
		                                            : "vanished");
		writer_text(out, ", ");
		writer_text(out, line->first.cause == CAUSE_UNEXPLAINED
		                         ? "no call seen"
		                         : implicit_cause_name(line->first.cause));
		return;
	}
	writer_text(out, call_name(event->call));
	if (site[0])
		writer_text(out, "  ");
	writer_text(out, site);
}

static void put_time(struct writer *out, uint64_t ns, size_t width)
{
	writer_decimal_right(out, ns / 1000000000, width);
	writer_byte(out, '.');
	writer_decimal_zeros(out, ns / 1000 % 1000000, 6);
}

static void put_range(struct writer *out, uint64_t start, uint64_t end)
{
	size_t columns = writer_hex(out, start) + 1;

	writer_byte(out, '-');
	columns += writer_hex(out, end);
	if (columns < RANGE_COLUMNS)
		writer_spaces(out, RANGE_COLUMNS - columns);
}

static void put_change(struct writer *out, enum change_kind kind, const struct text_style *style)
{
	const char *color = style->colored ? colors[kind] : NULL;

	if (color) {
		writer_text(out, "\033[");
		writer_text(out, color);
		writer_byte(out, 'm');
	}
	writer_left(out, change_kind_name(kind), 8);
	if (color)
		writer_text(out, "\033[0m");
}

static void put_seq(struct writer *out, uint64_t seq)
{
	size_t columns = 2;

	for (uint64_t rest = seq; rest >= 10; rest /= 10)
		columns++;
	if (columns < SEQ_COLUMNS)
		writer_spaces(out, SEQ_COLUMNS - columns);
	writer_byte(out, '@');
	writer_decimal(out, seq);
}

/* Which event, in whose thread. */
static void put_origin(struct writer *out, const struct fold_line *line)
{
	const struct event *event = &line->event;

	if (event->call != CALL_IMPLICIT && (!event->in_flight || event->left))
		put_seq(out, event->seq);
	else
		writer_spaces(out, SEQ_COLUMNS);
	writer_byte(out, ' ');
	if (!event->tid) {
		writer_spaces(out, 8);
	} else if (line->many_threads) {
		writer_decimal_right(out, event->tid, 7);
		writer_byte(out, '+');
	} else {
		writer_decimal_right(out, event->tid, 8);
	}
	writer_text(out, "  ");
}

static void put_times(struct writer *out, uint64_t count, bool utf8)
{
	char times[32], number[32];
	int columns = 0;

	if (count > 1) {
		snprintf(times, sizeof(times), "%s %s", utf8 ? "×" : "x",
		         text_grouped(number, count));
		columns = columns_of(times);
	}
	if (columns < 7)
		writer_spaces(out, (size_t)(7 - columns));
	if (count > 1)
		writer_text(out, times);
}

void timeline_text_line(struct writer *out, const struct fold_line *line, const char *site,
                        const struct thread_entry *owner, const struct text_style *style)
{
	char text[64], perms[PERMS_BYTES];

	put_time(out, line->event.time_ns, 4);
	writer_byte(out, ' ');
	put_origin(out, line);
	put_change(out, line->first.kind, style);
	writer_byte(out, ' ');
	put_times(out, line->count, style->utf8);
	writer_text(out, "  ");
	put_range(out, line->start, line->end);
	writer_byte(out, ' ');
	writer_right(out, text_bytes(text, sizeof(text), line->bytes), 9);
	writer_text(out, "  ");
	spell_perms(perms, &line->first, style->utf8);
	put_padded(out, perms, 9);
	writer_byte(out, ' ');
	put_what(out, line);
	writer_text(out, "  ");
	put_who(out, line, site);
	if (owner) {
		char of[OWNER_BYTES];

		writer_text(out, "  (stack");
		writer_text(out, thread_text_owner(of, sizeof(of), owner, line->event.seq));
		writer_byte(out, ')');
	}
	if (line->count > 1) {
		writer_text(out, "  (until ");
		put_time(out, line->last_ns, 0);
		writer_byte(out, ')');
	}
	writer_byte(out, '\n');
}

void timeline_text_left_out(FILE *out, const struct fold_result *result,
                            const struct text_style *style)
{
	char changes[32], bytes[32];

	if (!result->left_out)
		return;
	fprintf(out, "%s %s more change%s, %s, in %zu more line%s: -n 0 shows all\n",
	        style->utf8 ? "…" : "...", text_grouped(changes, result->left_out),
	        result->left_out == 1 ? "" : "s",
	        text_bytes(bytes, sizeof(bytes), result->left_out_bytes), result->left_out_lines,
	        result->left_out_lines == 1 ? "" : "s");
}
