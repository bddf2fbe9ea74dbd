/*
 * trace_ring.c: passes over the event slots of a trace. The ring is streamed in chunks: a pass holds one
 * chunk, whatever the size of the ring. Every pass checks stamp and checksum of every slot again, since the
 * traced process may be overwriting them.
 *
 *     ring     [ s+4 | s+5 | torn | s+3 ]        head = s + 6, four slots
 *     pass     s+3, s+4, s+5, then the calls in flight; s .. s+2 are overwritten
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "trace_parts.h"

/* Little enough to be in the processor's cache still when its slots are looked at. */
enum { CHUNK_BYTES = 1 << 17 };

struct pass {
	struct pass *next;
	const struct trace *trace;
	uint64_t seq; /* of the next slot */
	uint64_t end;
	size_t in_flight; /* next of those */
	uint8_t *chunk;
	uint32_t *sums; /* the checksum that each of its slots should have */
	const uint32_t *sum;
	const uint8_t *at; /* of its next slot, the one of `seq` */
	size_t left;       /* how many it holds from there on */
	uint64_t empty;    /* slots stepped over */
	int error;
};

/* What of a slot its checksum covers. */
enum {
	COVERED_FROM = offsetof(struct vmat_event, time),
	COVERED_BYTES = offsetof(struct vmat_event, crc) - COVERED_FROM,
};

/* All flags of this version. */
enum { KNOWN_FLAGS = VMAT_EVENT_LEFT * 2 - 1 };

/* With stop and grow the ring is never lapped; numbers beyond it were drawn in vain. */
static uint64_t end_seq(const struct trace *trace)
{
	if (trace->header.on_full != VMAT_OVERWRITE &&
	    trace->counts.head > trace->header.slot_count)
		return trace->header.slot_count;
	return trace->counts.head;
}

/*
 * Fills the chunk with the slots from `seq` on. False: the file could not be read. Behind the file's end, and
 * in its holes, slots read 0; *empty of them are known to be so without reading them.
 */
static bool fill_chunk(struct pass *pass, uint64_t seq, uint64_t *empty)
{
	const struct trace *trace = pass->trace;
	uint64_t stride = trace->header.slot_bytes;
	uint64_t index = seq & (trace->header.slot_count - 1);
	uint64_t left = trace->header.slot_count - index;
	uint64_t from = trace->ring_at.offset + index * stride;
	uint64_t slots;
	off_t data;
	ssize_t n;

	if (left > pass->end - seq)
		left = pass->end - seq;
	*empty = 0;
	data = lseek(trace->fd, (off_t)from, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		*empty = left;
	else if (data > 0 && (uint64_t)data > from)
		*empty = ((uint64_t)data - from) / stride;
	if (*empty > left)
		*empty = left;
	if (*empty)
		return true;
	slots = CHUNK_BYTES / stride < left ? CHUNK_BYTES / stride : left;
	n = trace_read_at(trace->fd, pass->chunk, slots * stride, from);
	if (n < 0) {
		pass->error = errno;
		return false;
	}
	memset(pass->chunk + n, 0, slots * stride - (size_t)n);
	checksum_each((uint32_t)seq, pass->chunk + COVERED_FROM, stride, COVERED_BYTES, slots,
	              pass->sums);
	pass->at = pass->chunk;
	pass->sum = pass->sums;
	pass->left = slots;
	return true;
}

/*
 * The slot of pass->seq, or NULL at the end or when the file could not be read (pass->error). Steps over
 * slots that are known to be empty and counts them.
 */
static const struct vmat_event *slot_here(struct pass *pass)
{
	while (!pass->left && pass->seq < pass->end) {
		uint64_t empty;

		if (!fill_chunk(pass, pass->seq, &empty))
			return NULL;
		pass->seq += empty;
		pass->empty += empty;
	}
	/* The stride is a multiple of 8 and the chunk comes from malloc: well aligned. */
	return pass->left ? (const struct vmat_event *)(const void *)pass->at : NULL;
}

/* Of what slot_here() gave. */
static bool slot_valid(const struct pass *pass, const struct vmat_event *slot)
{
	return slot->stamp == pass->seq + 1 && *pass->sum == slot->crc;
}

static void slot_next(struct pass *pass)
{
	pass->seq++;
	pass->sum++;
	pass->at += pass->trace->header.slot_bytes;
	pass->left--;
}

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

	while ((slot = slot_here(pass))) {
		bool valid = slot_valid(pass, slot);

		if (valid)
			decode(pass->trace, slot, pass->seq, event);
		slot_next(pass);
		if (valid)
			return true;
	}
	/* What cannot be read ends the pass like the end of the ring does: the scan has counted it. */
	pass->seq = pass->end;
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
	pass->seq = trace->counts.first_seq;
	pass->end = end_seq(trace);
	pass->next = trace->passes;
	trace->passes = pass; /* which owns it */
	pass->chunk = malloc(CHUNK_BYTES);
	pass->sums = calloc(CHUNK_BYTES / trace->header.slot_bytes, sizeof(*pass->sums));
	return pass->chunk && pass->sums ? pass : NULL;
}

bool trace_events(struct trace *trace, struct event_source *source)
{
	struct pass *pass = pass_new(trace);

	if (!pass)
		return false;
	*source = (struct event_source) { next_event, pass };
	return true;
}

bool trace_event_at(const struct trace *trace, uint64_t seq, struct event *event)
{
	uint64_t index = seq & (trace->header.slot_count - 1);
	struct vmat_event slot;
	ssize_t n;

	if (seq < trace->counts.first_seq || seq >= end_seq(trace))
		return false;
	n = trace_read_at(trace->fd, &slot, sizeof(slot),
	                  trace->ring_at.offset + index * trace->header.slot_bytes);
	if (n != (ssize_t)sizeof(slot) || slot.stamp != seq + 1 ||
	    checksum((uint32_t)seq, (const uint8_t *)&slot + COVERED_FROM, COVERED_BYTES) !=
	            slot.crc)
		return false;
	decode(trace, &slot, seq, event);
	return true;
}

/* Killed between storing its slot and freeing its entry, a call is both stored and in flight: it ended. */
static void drop_ended(struct trace *trace, const struct vmat_event *slot)
{
	for (size_t i = 0; i < trace->in_flight_count; i++) {
		struct vmat_in_flight *entry = &trace->in_flight[i];

		if (entry->tid == slot->tid && entry->time == slot->time &&
		    entry->enter == slot->enter && entry->call == slot->call) {
			*entry = trace->in_flight[--trace->in_flight_count];
			return;
		}
	}
}

static int compare_in_flight(const void *left, const void *right)
{
	const struct vmat_in_flight *a = left;
	const struct vmat_in_flight *b = right;

	if (a->enter != b->enter)
		return a->enter < b->enter ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static void count_slot(struct trace *trace, const struct vmat_event *slot, uint64_t seq)
{
	struct trace_counts *counts = &trace->counts;
	uint64_t enter = slot->enter < seq ? slot->enter : seq;
	struct named_view named;

	counts->events++;
	counts->failed += (slot->flags & VMAT_EVENT_FAILED) != 0;
	counts->internal += (slot->flags & VMAT_EVENT_INTERNAL) != 0;
	counts->early += (slot->flags & VMAT_EVENT_EARLY) != 0;
	counts->left += (slot->flags & VMAT_EVENT_LEFT) != 0;
	counts->unknown_calls += slot->call == 0 || slot->call >= CALL_LIMIT;
	counts->unknown_flags += (slot->flags & ~(unsigned)KNOWN_FLAGS) != 0;
	counts->stacks_lost += slot->stack && !trace_has_stack(trace, slot->stack, slot->lap);
	counts->evidence_lost +=
		(slot->object && !trace_named(trace, slot->object, slot->lap, &named)) ||
		(slot->rows && !trace_touched(trace, slot->rows, slot->lap));
	if (seq - enter > counts->window)
		counts->window = seq - enter;
	drop_ended(trace, slot);
}

bool trace_ring_scan(struct trace *trace, struct trace_error *error)
{
	struct trace_counts *counts = &trace->counts;
	uint64_t end = end_seq(trace);
	uint64_t last_begin = 0; /* while the ring was not lapped, what went before is worth more */
	uint64_t last_ticks = 0;
	const struct vmat_event *slot;
	struct pass *pass;

	counts->dropped += counts->head - end;
	counts->first_seq = end > trace->header.slot_count ? end - trace->header.slot_count : 0;
	counts->overwritten = counts->first_seq;
	counts->end_seq = end;
	counts->whole_seq = counts->first_seq;
	if (trace->snapshot_count && counts->first_seq > 0)
		last_begin = trace->snapshots[trace->snapshot_count - 1].begin;
	pass = pass_new(trace);
	if (!pass) {
		*error = (struct trace_error) { .status = TRACE_NO_MEMORY };
		return false;
	}
	for (; (slot = slot_here(pass)); slot_next(pass)) {
		if (slot_valid(pass, slot)) {
			count_slot(trace, slot, pass->seq);
			if (slot->time > last_ticks)
				last_ticks = slot->time;
			continue;
		}
		if (slot->stamp > pass->seq + 1)
			counts->overwritten++;
		else
			counts->torn++;
		if (pass->seq < last_begin)
			counts->whole_seq = pass->seq + 1;
	}
	if (pass->error) {
		errno = pass->error;
		return trace_fail_errno(error, TRACE_CANNOT_READ, trace->ring_at.offset);
	}
	counts->torn += pass->empty;
	counts->lost = counts->overwritten + counts->torn + counts->dropped;
	if (trace->in_flight_count)
		qsort(trace->in_flight, trace->in_flight_count, sizeof(*trace->in_flight),
		      compare_in_flight);
	counts->in_flight = trace->in_flight_count;
	for (size_t i = 0; i < trace->in_flight_count; i++) {
		if (trace->in_flight[i].time > last_ticks)
			last_ticks = trace->in_flight[i].time;
	}
	counts->last_ns = trace_time(trace, last_ticks);
	return true;
}

void trace_ring_release(struct trace *trace)
{
	free(trace->in_flight_events);
	while (trace->passes) {
		struct pass *pass = trace->passes;

		trace->passes = pass->next;
		free(pass->chunk);
		free(pass->sums);
		free(pass);
	}
}
