/*
 * call_site: where a call was made, "main (map.c:12)", spelled once for all events from there.
 */
#ifndef VMATRACE_RENDER_CALL_SITE_H
#define VMATRACE_RENDER_CALL_SITE_H

#include "io/symbols.h"
#include "spelled.h"

/*
 * frame_text() of the event's call site, cut at `bytes`: `text`, or what is kept of an earlier call, until the next.
 * NULL: nothing is known. The same bytes for all events of one cache; sites: NULL: nothing is kept.
 */
const char *call_site_text(struct spelled *sites, struct symbols *symbols,
                           const struct event *event, char *text, size_t bytes);

#endif
