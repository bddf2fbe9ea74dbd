/*
 * event_json: events as JSON, with exactly the keys of the documented format; also the pieces other
 * documents share: a stack of frames.
 */
#ifndef VMATRACE_RENDER_EVENT_JSON_H
#define VMATRACE_RENDER_EVENT_JSON_H

#include "core/event.h"
#include "io/symbols.h"
#include "json.h"

/* The value of a "stack" key: an array of frames. fp: they were walked by frame pointers. */
void json_stack(struct json *json, const struct frame *frames, size_t count, bool fp);

/* One event as an object. */
void json_event(struct json *json, const struct event *event, uint32_t pid,
                const struct frame *frames, size_t count);

#endif
