/*
 * when.c: reads a WHEN and ties it to a trace.
 */
#include "when.h"

#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "core/walk.h"
#include "io/trace_reader.h"
#include "options.h"
#include "peak.h"

/* Digits to a number; the first character behind them, NULL if there are none or too many. */
static const char *read_digits(const char *text, uint64_t *number)
{
	const char *at = text;

	for (*number = 0; *at >= '0' && *at <= '9'; at++) {
		if (*number > (UINT64_MAX - 9) / 10)
			return NULL;
		*number = *number * 10 + (uint64_t)(*at - '0');
	}
	return at > text ? at : NULL;
}

/* "1.25s", "250ms", "10us", "7ns". */
static bool read_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	uint64_t whole, part = 0, scale = 1;
	const char *at = read_digits(text, &whole);

	if (!at)
		return false;
	if (*at == '.') {
		const char *digits = at + 1;

		for (at = digits; *at >= '0' && *at <= '9'; at++) {
			/* Beyond a nanosecond's nine places digits say nothing. */
			if (at - digits < 9) {
				part = part * 10 + (uint64_t)(*at - '0');
				scale *= 10;
			}
		}
		if (at == digits)
			return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(at, units[i].name) != 0)
			continue;
		if (whole > INT64_MAX / units[i].ns)
			return false;
		*ns = whole * units[i].ns + part * units[i].ns / scale;
		return true;
	}
	return false;
}

static bool read_seq(const char *text, struct when *when)
{
	const char *end = read_digits(text, &when->value);

	if (!end)
		return false;
	when->kind = *end == '-' ? WHEN_BEFORE : WHEN_AFTER;
	if (*end == '-')
		end++;
	return *end == '\0';
}

bool when_parse(struct when *when, const char *text)
{
	static const struct {
		const char *name;
		enum when_kind kind;
	} words[] = {
		{ "start", WHEN_START },
		{ "end", WHEN_END },
		{ "peak", WHEN_PEAK },
		{ "peak-vmas", WHEN_PEAK_VMAS },
	};

	*when = (struct when) { .given = true, .text = text };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].name) == 0) {
			when->kind = words[i].kind;
			return true;
		}
	}
	if (text[0] == '@')
		return read_seq(text + 1, when);
	if (strncmp(text, "mark:", 5) == 0 && text[5]) {
		when->kind = WHEN_MARK;
		when->name = text + 5;
		return true;
	}
	when->kind = WHEN_TIME;
	return read_time(text, &when->value);
}

/* --- the peak ------------------------------------------------------------------------------------------- */

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	peak_before(context, walk, event);
	return true;
}

static void change(void *context, const struct vma_change *change)
{
	peak_change(context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	(void)walk;
	peak_after(context, event);
	return true;
}

static int find_peak(const struct when *when, struct trace *trace, struct when_point *point)
{
	struct peak peak;
	const struct walk_observer observer = {
		.context = &peak,
		.before = before,
		.change = change,
		.after = after,
	};
	struct walk_input input;
	struct walk *walk;
	enum walk_status status;

	peak_begin(&peak, when->kind);
	if (!trace_walk_input(trace, &input))
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(trace));
	walk = walk_new(&input);
	if (!walk)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(trace));
	status = walk_run(walk, &observer);
	if (status == WALK_DONE)
		peak_end(&peak, walk);
	walk_free(walk);
	*point = peak.at;
	return peak_walked(status, trace);
}

static int find_mark(const struct when *when, struct trace *trace, struct when_point *point)
{
	struct event_source source;
	struct event event;

	if (!trace_events(trace, &source))
		return complain(STATUS_TRACE, "cannot read '%s': out of memory", trace_path(trace));
	while (source.next(source.self, &event)) {
		if (event.call == CALL_MARK && event.text && strcmp(event.text, when->name) == 0) {
			*point = (struct when_point) { WHEN_AFTER, event.seq };
			return STATUS_FINE;
		}
	}
	return complain(STATUS_USAGE, "no mark '%s' in '%s'", when->name, trace_path(trace));
}

static int find_seq(const struct when *when, struct trace *trace, struct when_point *point)
{
	const struct trace_counts *counts = trace_counts(trace);
	struct event_source source;
	struct event event;

	*point = (struct when_point) { when->kind, when->value };
	if (!trace_events(trace, &source))
		return complain(STATUS_TRACE, "cannot read '%s': out of memory", trace_path(trace));
	while (source.next(source.self, &event)) {
		if (event.seq == when->value)
			return STATUS_FINE;
	}
	if (when->value < counts->first_seq)
		return complain(STATUS_TRACE,
		                "cannot show %s of '%s': events before @%" PRIu64
		                " were overwritten",
		                when->text, trace_path(trace), counts->first_seq);
	if (when->value < counts->head)
		return complain(STATUS_TRACE, "cannot show %s of '%s': that event was lost",
		                when->text, trace_path(trace));
	if (counts->head == 0)
		return complain(STATUS_USAGE, "no event %s in '%s': it has none", when->text,
		                trace_path(trace));
	return complain(STATUS_USAGE, "no event %s in '%s': the last is @%" PRIu64, when->text,
	                trace_path(trace), counts->head - 1);
}

int when_find(const struct when *when, struct trace *trace, struct when_point *point)
{
	switch (when->kind) {
	case WHEN_PEAK:
	case WHEN_PEAK_VMAS:
		return find_peak(when, trace, point);
	case WHEN_MARK:
		return find_mark(when, trace, point);
	case WHEN_AFTER:
	case WHEN_BEFORE:
		return find_seq(when, trace, point);
	case WHEN_END:
	case WHEN_START:
	case WHEN_TIME:
		break;
	}
	*point = (struct when_point) { when->kind, when->value };
	return STATUS_FINE;
}

int when_find_span(const struct when *from, const struct when *to, struct trace *trace,
                   struct when_point *from_point, struct when_point *to_point)
{
	int status = STATUS_FINE;

	if (from->given)
		status = when_find(from, trace, from_point);
	if (status == STATUS_FINE && to->given)
		status = when_find(to, trace, to_point);
	return status;
}

bool when_stops_before(const struct when_point *point, const struct event *event)
{
	/* Implicit changes belong to the snapshot that showed them, not to a moment. */
	if (event->seq >= SEQ_IMPLICIT)
		return false;
	if (point->kind == WHEN_START)
		return true;
	if (point->kind == WHEN_BEFORE)
		return event->seq == point->value;
	return point->kind == WHEN_TIME && event->time_ns > point->value;
}

bool when_stops_after(const struct when_point *point, const struct event *event)
{
	return point->kind == WHEN_AFTER && event->seq == point->value;
}

bool when_passed(const struct when_point *point, const struct event *event)
{
	switch (point->kind) {
	case WHEN_START:
		return true;
	case WHEN_TIME:
		return event->time_ns > point->value;
	case WHEN_AFTER:
		return event->seq > point->value;
	case WHEN_BEFORE:
		return event->seq >= point->value;
	case WHEN_END:
	case WHEN_PEAK:
	case WHEN_PEAK_VMAS:
	case WHEN_MARK:
		break;
	}
	return false;
}
