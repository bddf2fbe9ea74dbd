/*
 * timeline_head: see the header.
 */
#include "timeline_head.h"

#include <inttypes.h>
#include <string.h>

#include "sparkline.h"
#include "text.h"
#include "timeline_text.h"

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

enum {
	CURVE_COLUMNS = 60,
	LINE_COLUMNS = 100,
	COMMAND_COLUMNS = 80,
};

/* As it was called: what a symbolic link leads to (header.exe) is often another name. */
static const char *program_name(const struct vmat_header *header)
{
	const char *called = text_base_name(header->command_line);

	return header->command_line_bytes && called[0] ? called : text_base_name(header->exe);
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
		const char *quote;

		snprintf(word, sizeof(word), "%.*s", (int)(cut ? room : length),
		         header->command_line + at);
		text_escaped(escaped, sizeof(escaped), word);
		quote = text_shell_plain(word) ? "" : "'";
		fprintf(out, "%s%s%s%s%s", at ? " " : "", quote, escaped, cut ? "..." : "", quote);
		columns += strlen(escaped) + 2 * strlen(quote) + 1;
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
	fputs(style->colored ? CYAN : "", out);
	sparkline(out, values, CURVE_COLUMNS, style->utf8);
	fputs(style->colored ? PLAIN : "", out);
	fprintf(out, "  peak %s at %s, end %s\n", highest,
	        text_duration(time, sizeof(time), peak->time_ns), last);
}

static void print_kinds(FILE *out, const struct timeline_view *view)
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
}

void timeline_title(FILE *out, const struct vmat_header *header, const struct text_style *style)
{
	fputs(style->colored ? BOLD : "", out);
	print_escaped(out, program_name(header));
	fprintf(out, " (%" PRIu32 ")", header->pid);
	fputs(style->colored ? PLAIN : "", out);
	fputs(": ", out);
	print_command(out, header);
	putc('\n', out);
}

void timeline_summary(FILE *out, const struct timeline_view *view, const struct text_style *style)
{
	print_counts(out, view);
	putc('\n', out);
	/* Of a time that nothing was seen of nobody knows what was mapped. */
	if (view->timeline->begun) {
		print_curve(out, "mapped", view, true, style);
		print_curve(out, "VMAs", view, false, style);
	}
	if (view->has_kinds)
		print_kinds(out, view);
}

void timeline_brief(FILE *out, const struct timeline_view *view, const struct text_style *style)
{
	char time[32], bytes[32], events[32], changes[32], vmas[32], name[64];

	fprintf(out, "%8" PRIu32 "  ", view->header->pid);
	fputs(style->colored ? BOLD : "", out);
	text_escaped(name, sizeof(name), program_name(view->header));
	fprintf(out, "%-20.20s", name);
	fputs(style->colored ? PLAIN : "", out);
	fprintf(out, " %9s %11s %11s %11s %9s\n",
	        text_duration(time, sizeof(time), view->to_ns - view->from_ns),
	        text_grouped(events, view->counts->events),
	        text_grouped(changes, view->timeline->total_changes),
	        text_bytes(bytes, sizeof(bytes), view->timeline->peak_bytes.value),
	        text_grouped(vmas, view->timeline->peak_vmas.value));
}

void timeline_brief_columns(FILE *out, const struct text_style *style)
{
	fputs(style->colored ? DIM : "", out);
	fprintf(out, "%8s  %-20s %9s %11s %11s %11s %9s", "pid", "program", "time", "events",
	        "changes", "peak", "peak VMAs");
	fputs(style->colored ? PLAIN : "", out);
	putc('\n', out);
}
