/*
 * event_json: events as JSON, with exactly the keys of the documented format; also a piece that other
 * documents share: a stack of frames.
 */
#ifndef VMATRACE_RENDER_EVENT_JSON_H
#define VMATRACE_RENDER_EVENT_JSON_H

#include "core/event.h"
#include "io/symbols.h"
#include "json.h"
#include "spelled.h"

/* A change that a snapshot showed and no event explains, to be printed among the events. */
struct implicit_change {
	struct event event; /* seq, time, via; call is CALL_IMPLICIT; its pointers are not read */
	uint64_t start;
	uint64_t end;
	uint64_t since_seq; /* of the snapshot before which it had not happened */
	uint64_t since_ns;
	unsigned prot;     /* of what is there now, or of what was removed */
	const char *what;  /* "create", "remove", "protect", "replace" */
	const char *name;  /* of what is there or was, "" anonymous */
	const char *cause; /* "stack-growth", ..., "unexplained" */
};

/* The value of a "stack" key: an array of frames. fp: some, or without marks all, were come by by frame pointers. */
void json_stack(struct json *json, const struct frame *frames, size_t count, bool fp);

/* What a stack is spelled from; frames are not wanted where a text of this key is kept. */
struct stack_view {
	uint64_t key; /* symbols_key(); 0: no text of it is kept */
	bool fp;      /* as in json_stack() */
	const struct frame *frames;
	size_t count;
};

struct stack_view stack_view_of(struct symbols *symbols, const struct event *event,
                                const struct spelled *stacks);
/* The value of a "stack" key, spelled once for all events that have the same. stacks: NULL: none are kept. */
void json_stack_again(struct json *json, struct spelled *stacks, const struct stack_view *stack);

/* One event as an object. */
void json_event(struct json *json, const struct event *event, uint32_t pid, struct spelled *stacks,
                const struct stack_view *stack);

void json_implicit(struct json *json, const struct implicit_change *change, uint32_t pid);

#endif
