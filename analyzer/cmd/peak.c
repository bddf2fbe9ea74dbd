/*
 * peak: see the header.
 */
#include "peak.h"

#include "command.h"
#include "options.h"

void peak_begin(struct peak *peak, enum when_kind kind)
{
	/* Where nothing is ever mapped: the start. */
	*peak = (struct peak) { .kind = kind, .at = { .kind = WHEN_START }, .ahead = true };
}

static void see_most(struct peak *peak, uint64_t bytes, uint64_t vmas, struct when_point at)
{
	uint64_t value = peak->kind == WHEN_PEAK ? bytes : vmas;

	if (value > peak->most) {
		peak->most = value;
		peak->at = at;
		peak->ahead = true;
	}
}

/* The map as an event finds it: the base, or what a snapshot has shown since the event before. */
bool peak_before(struct peak *peak, const struct walk *walk, const struct event *event)
{
	const struct vma_map *map = walk_map(walk);

	see_most(peak, vma_map_bytes(map), vma_map_count(map),
	         (struct when_point) { WHEN_BEFORE, event->seq });
	if (!peak->ahead || !when_stops_before(&peak->at, event))
		return false;
	peak->ahead = false;
	return true;
}

void peak_change(struct peak *peak, const struct vma_change *change)
{
	/* A change no event made has no moment of its own: the next event's begin is one, or the end. */
	if (change->event && change->event->seq < SEQ_IMPLICIT)
		see_most(peak, change->mapped_bytes, change->vma_count,
		         (struct when_point) { WHEN_AFTER, change->event->seq });
}

bool peak_after(struct peak *peak, const struct event *event)
{
	if (!peak->ahead || !when_stops_after(&peak->at, event))
		return false;
	peak->ahead = false;
	return true;
}

bool peak_end(struct peak *peak, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);

	see_most(peak, vma_map_bytes(map), vma_map_count(map),
	         (struct when_point) { .kind = WHEN_END });
	return peak->ahead;
}

int peak_walked(enum walk_status status, const struct trace *trace)
{
	if (status == WALK_NO_MEMORY)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(trace));
	if (status == WALK_NO_BASE)
		return complain(STATUS_TRACE,
		                "cannot replay '%s': no snapshot survives to replay from",
		                trace_path(trace));
	return STATUS_FINE;
}
