/*
 * trace_scan.c: counts what a ring holds before anything is made of it, in parts, each in a thread of its own.
 *
 *     ring    [ part ............ | part ............ | ... ]     as many as there are processors
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "beside.h"
#include "trace_parts.h"

enum {
	PARTS_LIMIT = 4,
	WORTH_A_THREAD = 64 * 1024, /* slots */
	CACHE_LINE = 64,
};

/* All flags of this version. */
enum { KNOWN_FLAGS = VMAT_EVENT_LEFT * 2 - 1 };

struct part {
	_Alignas(CACHE_LINE) const struct trace *trace; /* no line has what two threads write */
	struct slots slots;
	uint64_t last_begin; /* of the snapshot before which nothing may be missing; 0: none */
	bool *ended;         /* for each call in flight: its slot is stored */
	struct trace_counts counts;
	uint64_t last_ticks;
	struct beside beside;
};

/* Killed between storing its slot and freeing its entry, a call is both stored and in flight: it ended. */
static void note_ended(struct part *part, const struct vmat_event *slot)
{
	for (size_t i = 0; i < part->trace->in_flight_count; i++) {
		const struct vmat_in_flight *entry = &part->trace->in_flight[i];

		if (entry->tid == slot->tid && entry->time == slot->time &&
		    entry->enter == slot->enter && entry->call == slot->call) {
			part->ended[i] = true;
			return;
		}
	}
}

static void count_slot(struct part *part, const struct vmat_event *slot, uint64_t seq)
{
	const struct trace *trace = part->trace;
	struct trace_counts *counts = &part->counts;
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
	if (slot->time > part->last_ticks)
		part->last_ticks = slot->time;
	note_ended(part, slot);
}

static void scan_part(void *self)
{
	struct part *part = self;
	struct trace_counts *counts = &part->counts;
	struct slots *slots = &part->slots;
	const struct vmat_event *slot;

	for (; (slot = slots_here(slots)); slots_next(slots)) {
		if (slots_valid(slots, slot)) {
			count_slot(part, slot, slots->seq);
			continue;
		}
		if (slot->stamp > slots->seq + 1)
			counts->overwritten++;
		else
			counts->torn++;
		if (slots->seq < part->last_begin)
			counts->whole_seq = slots->seq + 1;
	}
	counts->torn += slots->empty;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void add_part(struct trace_counts *counts, const struct trace_counts *part)
{
	counts->events += part->events;
	counts->failed += part->failed;
	counts->internal += part->internal;
	counts->early += part->early;
	counts->left += part->left;
	counts->overwritten += part->overwritten;
	counts->torn += part->torn;
	counts->unknown_calls += part->unknown_calls;
	counts->unknown_flags += part->unknown_flags;
	counts->stacks_lost += part->stacks_lost;
	counts->evidence_lost += part->evidence_lost;
	counts->window = larger(counts->window, part->window);
	counts->whole_seq = larger(counts->whole_seq, part->whole_seq);
}

static size_t processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static size_t parts_of(uint64_t slots)
{
	size_t count = slots / WORTH_A_THREAD < PARTS_LIMIT ? slots / WORTH_A_THREAD : PARTS_LIMIT;

	if (count > 1 && count > processors())
		count = processors();
	return count ? count : 1;
}

static void drop_ended(struct trace *trace, const bool *ended)
{
	size_t kept = 0;

	for (size_t i = 0; i < trace->in_flight_count; i++) {
		if (!ended[i])
			trace->in_flight[kept++] = trace->in_flight[i];
	}
	trace->in_flight_count = kept;
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

/* 0, or errno: it cannot be read. */
static int scan_parts(struct trace *trace, struct part *parts, size_t count, uint64_t *last_ticks)
{
	int error = 0;

	/* One of them is this thread's. */
	for (size_t i = 1; i < count; i++)
		beside_start(&parts[i].beside, scan_part, &parts[i]);
	scan_part(&parts[0]);
	for (size_t i = 0; i < count; i++) {
		if (i)
			beside_end(&parts[i].beside);
		if (!error)
			error = parts[i].slots.error;
		add_part(&trace->counts, &parts[i].counts);
		*last_ticks = larger(*last_ticks, parts[i].last_ticks);
		for (size_t j = 0; i && j < trace->in_flight_count; j++)
			parts[0].ended[j] |= parts[i].ended[j];
	}
	return error;
}

/* False: out of memory. */
static bool make_parts(const struct trace *trace, struct part *parts, size_t count)
{
	uint64_t first = trace->counts.first_seq;
	uint64_t whole = trace->counts.end_seq - first;
	uint64_t last_begin = 0; /* while the ring was not lapped, what went before is worth more */
	bool fine = true;

	if (trace->snapshot_count && first > 0)
		last_begin = trace->snapshots[trace->snapshot_count - 1].begin;
	for (size_t i = 0; i < count; i++) {
		parts[i].trace = trace;
		parts[i].last_begin = last_begin;
		parts[i].ended = calloc(trace->in_flight_count + 1, sizeof(*parts[i].ended));
		fine &= slots_init(&parts[i].slots, trace, first + whole / count * i,
		                   i + 1 < count ? first + whole / count * (i + 1) : first + whole);
		fine &= parts[i].ended != NULL;
	}
	return fine;
}

bool trace_ring_scan(struct trace *trace, struct trace_error *error)
{
	struct trace_counts *counts = &trace->counts;
	struct part parts[PARTS_LIMIT] = { 0 };
	uint64_t end = trace_end_seq(trace);
	uint64_t last_ticks = 0;
	int reading_error = 0;
	size_t part_count;
	bool made;

	counts->dropped += counts->head - end;
	counts->first_seq = end > trace->header.slot_count ? end - trace->header.slot_count : 0;
	counts->overwritten = counts->first_seq;
	counts->end_seq = end;
	counts->whole_seq = counts->first_seq;
	part_count = parts_of(end - counts->first_seq);
	made = make_parts(trace, parts, part_count);
	if (made) {
		reading_error = scan_parts(trace, parts, part_count, &last_ticks);
		drop_ended(trace, parts[0].ended);
	}
	for (size_t i = 0; i < part_count; i++) {
		slots_release(&parts[i].slots);
		free(parts[i].ended);
	}
	if (!made)
		return trace_fail(error, TRACE_NO_MEMORY, 0, NULL);
	if (reading_error) {
		errno = reading_error;
		return trace_fail_errno(error, TRACE_CANNOT_READ, trace->ring_at.offset);
	}
	counts->lost = counts->overwritten + counts->torn + counts->dropped;
	if (trace->in_flight_count)
		qsort(trace->in_flight, trace->in_flight_count, sizeof(*trace->in_flight),
		      compare_in_flight);
	counts->in_flight = trace->in_flight_count;
	for (size_t i = 0; i < trace->in_flight_count; i++)
		last_ticks = larger(last_ticks, trace->in_flight[i].time);
	counts->last_ns = trace_time(trace, last_ticks);
	return true;
}
