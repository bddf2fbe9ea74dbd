/*
 * event_json.c: see event_json.h.
 */
#include "event_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "arguments.h"
#include "core/call_table.h"
#include "core/walk.h"
#include "text.h"
#include "vmatrace/trace_format.h"

void json_stack(struct json *json, const struct frame *frames, size_t count, bool fp)
{
	bool all_by_fp = fp;

	/* A recorder that marks no frames says it of the whole stack. */
	for (size_t i = 0; i < count; i++)
		all_by_fp &= !frames[i].by_frame_pointer;
	json_array(json);
	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = &frames[i];

		json_object(json);
		json_member_hex(json, "pc", frame->pc);
		json_member_string(json, "module", frame->module);
		json_member_hex(json, "offset", frame->offset);
		json_member_string(json, "function", frame->function);
		json_member_string(json, "file", frame->file);
		json_key(json, "line");
		if (frame->line)
			json_number(json, frame->line);
		else
			json_null(json);
		json_member_bool(json, "inlined", frame->inlined);
		json_member_string(json, "by", all_by_fp || frame->by_frame_pointer ? "fp" : "cfi");
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_flags(struct json *json, const struct bit_name *names, uint64_t word)
{
	const char *name;

	json_array(json);
	while ((name = argument_next_name(&names, &word)))
		json_string(json, name);
	if (word)
		json_hex(json, word);
	json_array_end(json);
}

static void put_prot(struct json *json, const struct bit_name *names, uint64_t word)
{
	char text[32];

	(void)names;
	text_prot(text, sizeof(text), (unsigned)word);
	/* More than rwx (PROT_GROWSDOWN) must not be lost: the bits follow. */
	if (word & ~(uint64_t)7)
		snprintf(text + 3, sizeof(text) - 3, "|0x%" PRIx64, word & ~(uint64_t)7);
	json_string(json, text);
}

static void put_name(struct json *json, const struct bit_name *names, uint64_t word)
{
	/* The kernel takes these as C ints: what stands above is noise of a register. */
	uint64_t low = (uint32_t)word;
	const char *name = argument_next_name(&names, &low);

	if (name)
		json_string(json, name);
	else
		json_hex(json, word);
}

static void put_value(struct json *json, const struct argument_style *style, uint64_t word,
                      const char *text)
{
	char mode[16];

	switch (style->shape) {
	case SHAPE_ADDRESS:
		json_hex(json, word);
		break;
	case SHAPE_UNSIGNED:
		json_number(json, word);
		break;
	case SHAPE_SIGNED:
		json_signed(json, (int64_t)word);
		break;
	case SHAPE_INT:
		json_signed(json, (int32_t)word);
		break;
	case SHAPE_PROT:
		put_prot(json, style->names, word);
		break;
	case SHAPE_FLAGS:
		put_flags(json, style->names, word);
		break;
	case SHAPE_NAME:
		put_name(json, style->names, word);
		break;
	case SHAPE_MODE:
		snprintf(mode, sizeof(mode), "%04o", (unsigned)word);
		json_string(json, mode);
		break;
	case SHAPE_TEXT:
	case SHAPE_PATH:
		json_string(json, text);
		break;
	case SHAPE_HIDDEN:
		break;
	}
}

static void put_arguments(struct json *json, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	size_t word = 0;

	json_key(json, "args");
	json_object(json);
	for (size_t i = 0; desc && i < CALL_ARGUMENT_LIMIT && desc->args[i].kind != ARG_NO; i++) {
		const struct call_argument *argument = &desc->args[i];
		const struct argument_style *style = argument_style(argument->kind);
		uint64_t value = 0;

		if (style->shape != SHAPE_PATH && word < VMAT_ARGUMENT_WORDS)
			value = event->args[word++];
		/* Only a mapped file has a path. */
		if (style->shape == SHAPE_HIDDEN || (style->shape == SHAPE_PATH && !event->text))
			continue;
		json_key(json, argument->name);
		put_value(json, style, value, event->text);
	}
	if (!desc) {
		/* A call of a newer recorder: its number and words as they are. */
		json_member_number(json, "number", event->call);
		json_key(json, "words");
		json_array(json);
		for (size_t i = 0; i < VMAT_ARGUMENT_WORDS; i++)
			json_hex(json, event->args[i]);
		json_array_end(json);
	}
	json_object_end(json);
}

static void put_result(struct json *json, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	enum call_result result = desc ? desc->result : RESULT_ADDRESS;

	json_key(json, "result");
	if (event->in_flight)
		json_null(json);
	else if (result == RESULT_BREAK)
		/* Even of a brk() that failed: where the break stands is what the kernel answered. */
		json_hex(json, event->result);
	else if (event->failed)
		json_signed(json, -1);
	else if (result == RESULT_ADDRESS)
		json_hex(json, event->result);
	else
		json_signed(json, (int64_t)event->result);
}

static void put_errno(struct json *json, const struct event *event)
{
	char spare[16];

	if (event->failed && event->error)
		json_member_string(json, "errno", errno_name(event->error, spare));
	else
		json_member_null(json, "errno");
}

static void put_event_flags(struct json *json, const struct event *event)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ VMAT_EVENT_NESTED, "nested" },
		{ VMAT_EVENT_STACK_TRUNCATED, "stack-truncated" },
		{ VMAT_EVENT_STACK_UNKNOWN, "stack-unknown" },
		{ VMAT_EVENT_EARLY, "early" },
	};

	json_key(json, "flags");
	json_array(json);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (event->flags & names[i].bit)
			json_string(json, names[i].name);
	}
	if (event->racy)
		json_string(json, "racy");
	json_array_end(json);
}

/* The keys before "args", which every event has. */
static void put_head(struct json *json, const struct event *event, uint32_t pid)
{
	static const char *const via[] = { "wrapper", "site", "kernel" };

	json_member_number(json, "seq", event->seq);
	json_member_number(json, "enter", event->enter);
	json_key(json, "exit");
	if ((event->in_flight && !event->left) || event->exit == EXIT_NEVER)
		json_null(json);
	else
		json_number(json, event->exit);
	json_member_number(json, "time_ns", event->time_ns);
	json_key(json, "duration_ns");
	if (event->in_flight)
		json_null(json);
	else
		json_number(json, event->duration_ns);
	json_member_number(json, "pid", pid);
	json_member_number(json, "tid", event->tid);
	json_member_string(json, "call", call_name(event->call));
	json_member_string(json, "via",
	                   event->via < sizeof(via) / sizeof(via[0]) ? via[event->via] : "unknown");
	json_member_bool(json, "internal", event->flags & VMAT_EVENT_INTERNAL);
}

void json_event(struct json *json, const struct event *event, uint32_t pid,
                const struct frame *frames, size_t count)
{
	json_object(json);
	put_head(json, event, pid);
	put_arguments(json, event);
	put_result(json, event);
	put_errno(json, event);
	json_key(json, "stack");
	json_stack(json, frames, count, event->flags & VMAT_EVENT_FP);
	put_event_flags(json, event);
	json_object_end(json);
}

void json_implicit(struct json *json, const struct implicit_change *change, uint32_t pid)
{
	char prot[4];

	json_object(json);
	put_head(json, &change->event, pid);
	json_key(json, "args");
	json_object(json);
	json_member_hex(json, "addr", change->start);
	json_member_number(json, "length", change->end - change->start);
	json_member_string(json, "prot", text_prot(prot, sizeof(prot), change->prot));
	json_member_string(json, "change", change->what);
	json_member_string(json, "cause", change->cause);
	json_member_number(json, "since_seq", change->since_seq);
	json_member_number(json, "since_ns", change->since_ns);
	json_object_end(json);
	json_member_null(json, "result");
	json_member_null(json, "errno");
	json_key(json, "stack");
	json_stack(json, NULL, 0, false);
	put_event_flags(json, &change->event);
	json_object_end(json);
}
