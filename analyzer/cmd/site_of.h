/*
 * site_of: the call site of an event: its id (core/site_id.h) from the frames that symbols gives.
 */
#ifndef VMATRACE_CMD_SITE_OF_H
#define VMATRACE_CMD_SITE_OF_H

#include "core/site_id.h"
#include "io/symbols.h"
#include "render/site_view.h"

/* Of a call and the frames of its stack, innermost first. */
uint64_t site_of_frames(const char *call, const struct frame *frames, size_t count);
uint64_t site_of_event(struct symbols *symbols, const struct event *event);
/* With frames that are to be had of symbols, and no totals. */
struct site_view site_view_of(struct symbols *symbols, const struct event *event);

#endif
