/*
 * event_json.c: see event_json.h.
 */
#include "event_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "core/call_table.h"
#include "core/walk.h"
#include "text.h"
#include "vmatrace/trace_format.h"

/* A text that stands here as it is. */
#define PUT(out, literal) writer_bytes(out, literal, sizeof(literal) - 1)

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

struct stack_view stack_view_of(struct symbols *symbols, const struct event *event,
                                const struct spelled *stacks)
{
	struct stack_view view = { .fp = event->flags & VMAT_EVENT_FP };

	if (stacks)
		view.key = symbols_key(symbols, event);
	if (!view.key || !spelled_find(stacks, view.key, view.fp))
		view.count = symbols_frames(symbols, event, &view.frames);
	return view;
}

static const struct spelled_text *spell_stack(struct spelled *stacks,
                                              const struct stack_view *stack)
{
	const struct spelled_text *text = NULL;
	struct writer draft;
	struct json json;

	writer_init(&draft, NULL);
	json_begin_in(&json, &draft, JSON_LINE);
	json_stack(&json, stack->frames, stack->count, stack->fp);
	writer_flush(&draft);
	if (!draft.out_of_memory)
		text = spelled_add(stacks, stack->key, stack->fp, draft.kept, draft.kept_bytes);
	free(draft.kept);
	return text;
}

void json_stack_again(struct json *json, struct spelled *stacks, const struct stack_view *stack)
{
	const struct spelled_text *text = NULL;

	if (stacks && stack->key)
		text = spelled_find(stacks, stack->key, stack->fp);
	if (!text && stacks && stack->key && stack->count)
		text = spell_stack(stacks, stack);
	if (text)
		json_spelled(json, text->text, text->bytes);
	else
		json_stack(json, stack->frames, stack->count, stack->fp);
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

static void put_result(struct writer *out, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);
	enum call_result result = desc ? desc->result : RESULT_ADDRESS;
	/* Even of a brk() that failed: where the break stands is what the kernel answered. */
	bool address = result == RESULT_BREAK || (result == RESULT_ADDRESS && !event->failed);

	PUT(out, ",\"result\":");
	if (event->in_flight) {
		PUT(out, "null");
	} else if (address) {
		PUT(out, "\"0x");
		writer_hex(out, event->result);
		PUT(out, "\"");
	} else {
		writer_signed(out, event->failed ? -1 : (int64_t)event->result);
	}
}

static void put_errno(struct writer *out, const struct event *event)
{
	char spare[16];

	PUT(out, ",\"errno\":");
	if (event->failed && event->error) {
		PUT(out, "\"");
		writer_text(out, errno_name(event->error, spare));
		PUT(out, "\"");
	} else {
		PUT(out, "null");
	}
}

static void put_event_flags(struct writer *out, const struct event *event)
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
	const char *separator = "\"";

	PUT(out, ",\"flags\":[");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(event->flags & names[i].bit))
			continue;
		writer_text(out, separator);
		writer_text(out, names[i].name);
		PUT(out, "\"");
		separator = ",\"";
	}
	if (event->racy) {
		writer_text(out, separator);
		PUT(out, "racy\"");
	}
	PUT(out, "]");
}

/* The keys before "args", which every event has. */
static void put_head(struct writer *out, const struct event *event, uint32_t pid)
{
	static const char *const via[] = { "wrapper", "site", "kernel" };

	PUT(out, "\"seq\":");
	writer_decimal(out, event->seq);
	PUT(out, ",\"enter\":");
	writer_decimal(out, event->enter);
	PUT(out, ",\"exit\":");
	if ((event->in_flight && !event->left) || event->exit == EXIT_NEVER)
		PUT(out, "null");
	else
		writer_decimal(out, event->exit);
	PUT(out, ",\"time_ns\":");
	writer_decimal(out, event->time_ns);
	PUT(out, ",\"duration_ns\":");
	if (event->in_flight)
		PUT(out, "null");
	else
		writer_decimal(out, event->duration_ns);
	PUT(out, ",\"pid\":");
	writer_decimal(out, pid);
	PUT(out, ",\"tid\":");
	writer_decimal(out, event->tid);
	PUT(out, ",\"call\":\"");
	writer_text(out, call_name(event->call));
	PUT(out, "\",\"via\":\"");
	writer_text(out, event->via < sizeof(via) / sizeof(via[0]) ? via[event->via] : "unknown");
	PUT(out, "\",\"internal\":");
	if (event->flags & VMAT_EVENT_INTERNAL)
		PUT(out, "true");
	else
		PUT(out, "false");
}

void json_event(struct json *json, const struct event *event, uint32_t pid, struct spelled *stacks,
                const struct stack_view *stack)
{
	struct writer *out;

	json_object(json);
	out = json_members(json);
	put_head(out, event, pid);
	put_arguments(json, event);
	put_result(out, event);
	put_errno(out, event);
	json_key(json, "stack");
	json_stack_again(json, stacks, stack);
	put_event_flags(out, event);
	json_object_end(json);
}

void json_implicit(struct json *json, const struct implicit_change *change, uint32_t pid)
{
	struct writer *out;
	char prot[4];

	json_object(json);
	out = json_members(json);
	put_head(out, &change->event, pid);
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
	put_event_flags(out, &change->event);
	json_object_end(json);
}
