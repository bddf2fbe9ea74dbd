/*
 * trace_events.c: slots become events. A pass goes over those of the ring, then over the calls in flight.
 *
 * No thread reads ahead of a walk: what one processor has written costs another more to fetch than it takes to read
 * and decode it (measured: 10 million events of a small address space took twice the processor time that way).
 */
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"

struct pass {
	struct pass *next;
	struct trace *trace;
	struct slots slots;
	size_t in_flight; /* next of those */
};

/* fstat's device is not always the one that maps prints (btrfs, overlays): where there are rows, theirs holds. */
static void take_device(struct event *event, const struct proc_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->rows[i].inode == event->inode) {
			event->dev_major = maps->rows[i].dev_major;
			event->dev_minor = maps->rows[i].dev_minor;
			return;
		}
	}
}

/* Ids of the arena become pointers; what was written over becomes nothing. */
static void resolve(const struct trace *trace, uint32_t object, uint32_t rows, uint8_t lap,
                    struct event *event)
{
	struct named_view named;
	const struct proc_maps *maps = rows ? trace_touched(trace, rows, lap) : NULL;

	if (event->stack && !trace_has_stack(trace, event->stack, lap)) {
		event->stack = 0;
		event->flags |= VMAT_EVENT_STACK_UNKNOWN;
	}
	if (object && trace_named(trace, object, lap, &named)) {
		event->text = named.text;
		event->has_object = named.is_object;
		event->dev_major = named.object.dev_major;
		event->dev_minor = named.object.dev_minor;
		event->inode = named.object.inode;
	}
	if (maps) {
		event->has_rows = true;
		event->rows = maps->rows;
		event->row_count = maps->count;
		if (event->has_object && event->inode)
			take_device(event, maps);
	}
}

static void decode(const struct trace *trace, const struct vmat_event *slot, uint64_t seq,
                   struct event *event)
{
	*event = (struct event) {
		.seq = seq,
		.enter = slot->enter,
		.exit = seq,
		.time_ns = trace_time(trace, slot->time),
		.duration_ns = trace_scale(trace, slot->duration),
		.result = slot->result,
		.caller = slot->caller,
		.tid = slot->tid,
		.stack = slot->stack,
		.call = slot->call,
		.flags = slot->flags,
		.error = slot->error,
		.via = slot->via,
		.failed = slot->flags & VMAT_EVENT_FAILED,
		.left = slot->flags & VMAT_EVENT_LEFT,
	};
	event->in_flight = event->left;
	/* A checksum says who wrote it, not that it makes sense: nothing is entered after it ended. */
	if (event->enter > seq)
		event->enter = seq;
	memcpy(event->args, slot->args, sizeof(event->args));
	resolve(trace, slot->object, slot->rows, slot->lap, event);
}

static void decode_in_flight(const struct trace *trace, size_t number, struct event *event)
{
	const struct vmat_in_flight *entry = &trace->in_flight[number];

	*event = (struct event) {
		.seq = SEQ_IN_FLIGHT + number,
		.enter = entry->enter < trace->counts.head ? entry->enter : trace->counts.head,
		.exit = EXIT_NEVER,
		.time_ns = trace_time(trace, entry->time),
		.caller = entry->caller,
		.tid = entry->tid,
		.stack = entry->stack,
		.call = entry->call,
		.flags = entry->flags,
		.via = entry->via,
		.in_flight = true,
	};
	memcpy(event->args, entry->args, sizeof(event->args));
	resolve(trace, entry->object, 0, entry->lap, event);
}

const struct event *trace_in_flight(struct trace *trace)
{
	if (!trace->in_flight_events) {
		trace->in_flight_events =
			calloc(trace->in_flight_count + 1, sizeof(*trace->in_flight_events));
		for (size_t i = 0; trace->in_flight_events && i < trace->in_flight_count; i++)
			decode_in_flight(trace, i, &trace->in_flight_events[i]);
	}
	return trace->in_flight_events;
}

static bool next_event(void *self, struct event *event)
{
	struct pass *pass = self;
	const struct vmat_event *slot;

	while ((slot = slots_here(&pass->slots))) {
		bool valid = slots_valid(&pass->slots, slot);

		if (valid)
			decode(pass->trace, slot, pass->slots.seq, event);
		slots_next(&pass->slots);
		if (valid)
			return true;
	}
	/* What cannot be read ends the pass like the end of the ring does: the scan has counted it. */
	pass->slots.seq = pass->slots.end;
	if (pass->in_flight >= pass->trace->in_flight_count)
		return false;
	decode_in_flight(pass->trace, pass->in_flight++, event);
	return true;
}

static struct pass *pass_new(struct trace *trace)
{
	struct pass *pass = calloc(1, sizeof(*pass));

	if (!pass)
		return NULL;
	pass->trace = trace;
	pass->next = trace->passes;
	trace->passes = pass; /* which owns it */
	return slots_init(&pass->slots, trace, trace->counts.first_seq, trace_end_seq(trace))
	               ? pass
	               : NULL;
}

bool trace_events(struct trace *trace, struct event_source *source)
{
	struct pass *pass = pass_new(trace);

	if (!pass)
		return false;
	*source = (struct event_source) { next_event, pass };
	return true;
}

void trace_events_release(struct trace *trace)
{
	free(trace->in_flight_events);
	while (trace->passes) {
		struct pass *pass = trace->passes;

		trace->passes = pass->next;
		slots_release(&pass->slots);
		free(pass);
	}
}

bool trace_event_at(const struct trace *trace, uint64_t seq, struct event *event)
{
	struct vmat_event slot;

	if (!trace_slot_at(trace, seq, &slot))
		return false;
	decode(trace, &slot, seq, event);
	return true;
}
