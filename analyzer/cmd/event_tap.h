/*
 * event_tap: who wants to see all events of a trace in order of seq sees them as a walk reads them, which costs no
 * pass of its own. A walk may end early, or keep to itself what its base shows already: what it did not read is read
 * behind it.
 *
 *     trace ── event, event, ... ──┬── walk
 *                                  └── see()
 *
 * Owner: the caller; it has nothing to release. The source is the trace's.
 */
#ifndef VMATRACE_CMD_EVENT_TAP_H
#define VMATRACE_CMD_EVENT_TAP_H

#include "core/event.h"

struct event_tap {
	void (*see)(void *context, const struct event *event);
	void *context;
	struct event_source source; /* what is tapped */
};

/* The source with the tap in it, for the walk. It is in use as long as that runs. */
struct event_source event_tap_put(struct event_tap *tap, const struct event_source *source);
/* Reads what is left. */
void event_tap_finish(struct event_tap *tap);

#endif
