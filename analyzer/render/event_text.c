/*
 * event_text.c: see event_text.h.
 */
#include "event_text.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "core/call_table.h"
#include "text.h"
#include "vmatrace/trace_format.h"

/* SGR sequences; each is closed by RESET. */
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define RESET "\033[0m"

static void paint(const struct event_text *text, const char *code)
{
	if (text->color)
		writer_text(text->out, code);
}

static void put_hex(struct writer *out, uint64_t number)
{
	writer_text(out, "0x");
	writer_hex(out, number);
}

static void put_names(struct writer *out, const struct bit_name *names, uint64_t word,
                      const char *none)
{
	const char *separator = "";
	const char *name;

	while ((name = argument_next_name(&names, &word))) {
		writer_text(out, separator);
		writer_text(out, name);
		separator = "|";
	}
	if (word) {
		writer_text(out, separator);
		put_hex(out, word);
	} else if (!*separator) {
		writer_text(out, none);
	}
}

static void put_address(struct writer *out, uint64_t address)
{
	if (address)
		put_hex(out, address);
	else
		writer_text(out, "NULL");
}

static void put_value(struct writer *out, const struct argument_style *style, uint64_t word,
                      const struct event *event)
{
	char mode[16];

	switch (style->shape) {
	case SHAPE_ADDRESS:
		put_address(out, word);
		break;
	case SHAPE_UNSIGNED:
		writer_decimal(out, word);
		break;
	case SHAPE_SIGNED:
		writer_signed(out, (int64_t)word);
		break;
	case SHAPE_INT:
		writer_signed(out, (int32_t)word);
		break;
	case SHAPE_PROT:
		put_names(out, style->names, word, "PROT_NONE");
		break;
	case SHAPE_FLAGS:
		put_names(out, style->names, word, "0");
		break;
	case SHAPE_NAME:
		put_names(out, style->names, (uint32_t)word, "0");
		break;
	case SHAPE_MODE:
		snprintf(mode, sizeof(mode), "%04o", (unsigned)word);
		writer_text(out, mode);
		break;
	case SHAPE_TEXT:
		if (event->text)
			writer_quoted(out, event->text);
		else
			put_address(out, word);
		break;
	case SHAPE_PATH:
		writer_quoted(out, event->text);
		break;
	case SHAPE_HIDDEN:
		break;
	}
}

static void put_arguments(struct writer *out, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	const char *separator = "";
	size_t word = 0;

	for (size_t i = 0; desc && i < CALL_ARGUMENT_LIMIT && desc->args[i].kind != ARG_NO; i++) {
		const struct argument_style *style = argument_style(desc->args[i].kind);
		uint64_t value = 0;

		if (style->shape != SHAPE_PATH && word < VMAT_ARGUMENT_WORDS)
			value = event->args[word++];
		if (style->shape == SHAPE_HIDDEN || (style->shape == SHAPE_PATH && !event->text))
			continue;
		writer_text(out, separator);
		put_value(out, style, value, event);
		separator = ", ";
	}
	for (size_t i = 0; !desc && i < VMAT_ARGUMENT_WORDS; i++) {
		writer_text(out, separator);
		put_hex(out, event->args[i]);
		separator = ", ";
	}
}

static void put_result(const struct event_text *text, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	enum call_result result = desc ? desc->result : RESULT_ADDRESS;
	char spare[16];

	writer_text(text->out, " = ");
	if (event->in_flight) {
		writer_text(text->out, event->left ? "?  [left by a jump]" : "?  [in flight]");
		return;
	}
	if (result == RESULT_BREAK)
		put_address(text->out, event->result);
	else if (event->failed)
		writer_text(text->out, "-1");
	else if (result == RESULT_ADDRESS)
		put_address(text->out, event->result);
	else
		writer_signed(text->out, (int64_t)event->result);
	if (event->failed && event->error) {
		paint(text, RED);
		writer_byte(text->out, ' ');
		writer_text(text->out, errno_name(event->error, spare));
		writer_text(text->out, " (");
		writer_text(text->out, strerror(event->error));
		writer_byte(text->out, ')');
		paint(text, RESET);
	}
}

static void put_event_flags(struct writer *out, const struct event *event)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ VMAT_EVENT_INTERNAL, "internal" },
		{ VMAT_EVENT_NESTED, "nested" },
		{ VMAT_EVENT_EARLY, "early" },
		{ VMAT_EVENT_STACK_TRUNCATED, "stack-truncated" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(event->flags & names[i].bit))
			continue;
		writer_text(out, "  [");
		writer_text(out, names[i].name);
		writer_byte(out, ']');
	}
	if (event->racy)
		writer_text(out, "  [racy]");
}

static void put_time(struct writer *out, uint64_t ns, size_t width)
{
	writer_decimal_right(out, ns / 1000000000, width);
	writer_byte(out, '.');
	writer_decimal_zeros(out, ns / 1000 % 1000000, 6);
}

static void put_head(const struct event_text *text, const struct event *event, uint32_t pid)
{
	struct writer *out = text->out;
	size_t columns = 1;

	if (event->seq < SEQ_IN_FLIGHT) {
		writer_byte(out, '@');
		columns += writer_decimal(out, event->seq);
	} else {
		writer_byte(out, '-');
	}
	writer_spaces(out, columns < 8 ? 9 - columns : 1);
	put_time(out, event->time_ns, 4);
	writer_byte(out, ' ');
	if (text->with_pid) {
		writer_decimal_right(out, pid, 7);
		writer_byte(out, ' ');
	}
	if (event->tid)
		writer_decimal_right(out, event->tid, 7);
	else
		writer_right(out, "kernel", 7);
	writer_text(out, "  ");
}

void event_text_head(const struct event_text *text)
{
	struct writer *out = text->out;

	paint(text, DIM);
	writer_left(out, "seq", 9);
	writer_right(out, "seconds", 11);
	writer_byte(out, ' ');
	if (text->with_pid) {
		writer_right(out, "pid", 7);
		writer_byte(out, ' ');
	}
	writer_right(out, "tid", 7);
	writer_text(out, "  call");
	paint(text, RESET);
	writer_byte(out, '\n');
}

void event_text_line(const struct event_text *text, const struct event *event, uint32_t pid,
                     const char *site)
{
	put_head(text, event, pid);
	paint(text, BOLD);
	writer_text(text->out, call_name(event->call));
	if (!call_describe(event->call)) {
		writer_byte(text->out, '-');
		writer_decimal(text->out, event->call);
	}
	paint(text, RESET);
	writer_byte(text->out, '(');
	put_arguments(text->out, event);
	writer_byte(text->out, ')');
	put_result(text, event);
	put_event_flags(text->out, event);
	if (site) {
		paint(text, DIM);
		writer_text(text->out, "  ");
		writer_text(text->out, site);
		paint(text, RESET);
	}
	writer_byte(text->out, '\n');
}

void event_text_implicit(const struct event_text *text, const struct implicit_change *change,
                         uint32_t pid)
{
	struct writer *out = text->out;
	char prot[4];

	put_head(text, &change->event, pid);
	paint(text, BOLD);
	writer_text(out, "implicit");
	paint(text, RESET);
	writer_byte(out, '(');
	writer_text(out, change->what);
	writer_byte(out, ' ');
	put_hex(out, change->start);
	writer_byte(out, '-');
	put_hex(out, change->end);
	writer_text(out, ", ");
	writer_decimal(out, change->end - change->start);
	writer_text(out, ", ");
	writer_text(out, text_prot(prot, sizeof(prot), change->prot));
	if (*change->name) {
		writer_text(out, ", ");
		writer_quoted(out, change->name);
	}
	writer_text(out, ") = ");
	writer_text(out, change->cause);
	writer_text(out, "  since ");
	put_time(out, change->since_ns, 0);
	writer_byte(out, '\n');
}
