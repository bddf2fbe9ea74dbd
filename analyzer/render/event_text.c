/*
 * event_text.c: see event_text.h.
 */
#include "event_text.h"

#include <inttypes.h>
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
		fputs(code, text->out);
}

static void put_names(FILE *out, const struct bit_name *names, uint64_t word, const char *none)
{
	const char *separator = "";
	const char *name;

	while ((name = argument_next_name(&names, &word))) {
		fprintf(out, "%s%s", separator, name);
		separator = "|";
	}
	if (word)
		fprintf(out, "%s0x%" PRIx64, separator, word);
	else if (!*separator)
		fputs(none, out);
}

static void put_address(FILE *out, uint64_t address)
{
	if (address)
		fprintf(out, "0x%" PRIx64, address);
	else
		fputs("NULL", out);
}

static void put_value(FILE *out, const struct argument_style *style, uint64_t word,
                      const struct event *event)
{
	switch (style->shape) {
	case SHAPE_ADDRESS:
		put_address(out, word);
		break;
	case SHAPE_UNSIGNED:
		fprintf(out, "%" PRIu64, word);
		break;
	case SHAPE_SIGNED:
		fprintf(out, "%" PRId64, (int64_t)word);
		break;
	case SHAPE_INT:
		fprintf(out, "%" PRId32, (int32_t)word);
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
		fprintf(out, "%04o", (unsigned)word);
		break;
	case SHAPE_TEXT:
		if (event->text)
			print_quoted(out, event->text);
		else
			put_address(out, word);
		break;
	case SHAPE_PATH:
		print_quoted(out, event->text);
		break;
	case SHAPE_HIDDEN:
		break;
	}
}

static void put_arguments(FILE *out, const struct event *event)
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
		fputs(separator, out);
		put_value(out, style, value, event);
		separator = ", ";
	}
	for (size_t i = 0; !desc && i < VMAT_ARGUMENT_WORDS; i++) {
		fprintf(out, "%s0x%" PRIx64, separator, event->args[i]);
		separator = ", ";
	}
}

static void put_result(const struct event_text *text, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	enum call_result result = desc ? desc->result : RESULT_ADDRESS;
	char spare[16];

	fputs(" = ", text->out);
	if (event->in_flight) {
		fputs(event->left ? "?  [left by a jump]" : "?  [in flight]", text->out);
		return;
	}
	if (result == RESULT_BREAK)
		put_address(text->out, event->result);
	else if (event->failed)
		fputs("-1", text->out);
	else if (result == RESULT_ADDRESS)
		put_address(text->out, event->result);
	else
		fprintf(text->out, "%" PRId64, (int64_t)event->result);
	if (event->failed && event->error) {
		paint(text, RED);
		fprintf(text->out, " %s (%s)", errno_name(event->error, spare),
		        strerror(event->error));
		paint(text, RESET);
	}
}

static void put_event_flags(FILE *out, const struct event *event)
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
		if (event->flags & names[i].bit)
			fprintf(out, "  [%s]", names[i].name);
	}
	if (event->racy)
		fputs("  [racy]", out);
}

static void put_head(const struct event_text *text, const struct event *event, uint32_t pid)
{
	char seq[32];

	if (event->seq < SEQ_IN_FLIGHT)
		snprintf(seq, sizeof(seq), "@%" PRIu64, event->seq);
	else
		snprintf(seq, sizeof(seq), "-");
	fprintf(text->out, "%-8s %4" PRIu64 ".%06" PRIu64 " ", seq, event->time_ns / 1000000000,
	        event->time_ns / 1000 % 1000000);
	if (text->with_pid)
		fprintf(text->out, "%7" PRIu32 " ", pid);
	if (event->tid)
		fprintf(text->out, "%7" PRIu32 "  ", event->tid);
	else
		fprintf(text->out, "%7s  ", "kernel");
}

void event_text_head(const struct event_text *text)
{
	paint(text, DIM);
	fprintf(text->out, "%-8s %11s ", "seq", "seconds");
	if (text->with_pid)
		fprintf(text->out, "%7s ", "pid");
	fprintf(text->out, "%7s  call", "tid");
	paint(text, RESET);
	putc('\n', text->out);
}

void event_text_line(const struct event_text *text, const struct event *event, uint32_t pid,
                     const struct frame *site)
{
	char place[640];

	put_head(text, event, pid);
	paint(text, BOLD);
	fputs(call_name(event->call), text->out);
	if (!call_describe(event->call))
		fprintf(text->out, "-%u", (unsigned)event->call);
	paint(text, RESET);
	putc('(', text->out);
	put_arguments(text->out, event);
	putc(')', text->out);
	put_result(text, event);
	put_event_flags(text->out, event);
	if (site) {
		frame_text(site, place, sizeof(place));
		paint(text, DIM);
		fprintf(text->out, "  %s", place);
		paint(text, RESET);
	}
	putc('\n', text->out);
}

void event_text_implicit(const struct event_text *text, const struct implicit_change *change,
                         uint32_t pid)
{
	char prot[4];

	put_head(text, &change->event, pid);
	paint(text, BOLD);
	fputs("implicit", text->out);
	paint(text, RESET);
	fprintf(text->out, "(%s 0x%" PRIx64 "-0x%" PRIx64 ", %" PRIu64 ", %s", change->what,
	        change->start, change->end, change->end - change->start,
	        text_prot(prot, sizeof(prot), change->prot));
	if (*change->name) {
		fputs(", ", text->out);
		print_quoted(text->out, change->name);
	}
	fprintf(text->out, ") = %s  since %" PRIu64 ".%06" PRIu64 "\n", change->cause,
	        change->since_ns / 1000000000, change->since_ns / 1000 % 1000000);
}
