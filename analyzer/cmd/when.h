/*
 * when: a moment of a trace as the command line names it (WHEN).
 *
 *     start  end  peak  peak-vmas  1.25s  250ms  @SEQ  @SEQ-  mark:NAME
 *
 * when_parse() reads the text, when_find() ties it to a trace (peak and mark: walk it once), and the point
 * that comes out is what an observer of a walk stops at:
 *
 *     before(): return !when_stops_before(&point, event);
 *     after():  return !when_stops_after(&point, event);
 *
 * A point is no copy of the map: the walk that stopped holds the address space of that moment.
 */
#ifndef VMATRACE_CMD_WHEN_H
#define VMATRACE_CMD_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

enum when_kind {
	WHEN_END, /* the default: a zeroed struct when is the end */
	WHEN_START,
	WHEN_PEAK,
	WHEN_PEAK_VMAS,
	WHEN_TIME,   /* value: ns since the start */
	WHEN_AFTER,  /* value: seq */
	WHEN_BEFORE, /* value: seq */
	WHEN_MARK,   /* name */
};

struct when {
	enum when_kind kind;
	bool given; /* on the command line */
	uint64_t value;
	const char *name; /* borrowed from the text parsed */
	const char *text; /* as it was given, for messages */
};

/* False: no such WHEN. */
bool when_parse(struct when *when, const char *text);

/* Only START, END, TIME, AFTER, BEFORE are left in a point. */
struct when_point {
	enum when_kind kind;
	uint64_t value;
};

struct trace;
/*
 * STATUS_FINE, or one line on stderr and STATUS_USAGE (no such event or mark) or STATUS_TRACE (it was
 * overwritten, or there is no base to replay from).
 */
int when_find(const struct when *when, struct trace *trace, struct when_point *point);

/* --from and --to, those that were given; the others are left as they are. */
int when_find_span(const struct when *from, const struct when *to, struct trace *trace,
                   struct when_point *from_point, struct when_point *to_point);

bool when_stops_before(const struct when_point *point, const struct event *event);
bool when_stops_after(const struct when_point *point, const struct event *event);

/* For a pass in order of seq (events --from --to): the event lies after the moment. */
bool when_passed(const struct when_point *point, const struct event *event);

#endif
