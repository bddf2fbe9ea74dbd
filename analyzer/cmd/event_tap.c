/*
 * event_tap: see the header.
 */
#include "event_tap.h"

static bool next(void *self, struct event *event)
{
	struct event_tap *tap = self;

	if (!tap->source.next(tap->source.self, event))
		return false;
	tap->see(tap->context, event);
	return true;
}

struct event_source event_tap_put(struct event_tap *tap, const struct event_source *source)
{
	tap->source = *source;
	return (struct event_source) { next, tap };
}

void event_tap_finish(struct event_tap *tap)
{
	struct event event;

	while (next(tap, &event))
		;
}
