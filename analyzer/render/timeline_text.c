/*
 * timeline_text: see the header.
 */
#include "timeline_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/call_table.h"
#include "text.h"

enum {
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

void timeline_text_columns(FILE *out, const struct text_style *style)
{
	putc('\n', out);
	fputs(style->colored ? "\033[2m" : "", out);
	fprintf(out, "%11s %7s %8s  %-8s %7s  %-25s %9s  %-9s %-*s  %s", "seconds", "event",
	        "thread", "change", "times", "range", "size", "perms", NAME_COLUMNS, "what", "who");
	fputs(style->colored ? "\033[0m" : "", out);
	putc('\n', out);
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
		                    name[0] == '/' ? text_base_name(name) : name);
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
