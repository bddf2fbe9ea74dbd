/*
 * trace_reader.c: opens a trace: its section table, the words that change, the calls in flight, the clock.
 * The header is trace_header.c's, records are trace_arena.c's, events trace_events.c's.
 */
#include "trace_reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_parts.h"

/* What one of them meets comes from memory while so many others are replayed. */
enum { EVENTS_AHEAD = 16 };

/* True if they have a byte in common. */
static bool overlap(const struct extent *a, const struct extent *b)
{
	uint64_t from = a->offset > b->offset ? a->offset : b->offset;

	return from < a->offset + a->length && from < b->offset + b->length;
}

/* Where the sections are. Those of unknown type are counted, of a type met twice the first counts. */
static bool find_sections(struct trace *trace, struct extent *control, struct trace_error *error)
{
	const struct vmat_header *header = &trace->header;
	uint64_t table = offsetof(struct vmat_header, section);
	struct extent *known[] = {
		[VMAT_SECTION_CONTROL] = control,
		[VMAT_SECTION_IN_FLIGHT] = &trace->in_flight_at,
		[VMAT_SECTION_ARENA] = &trace->arena_at,
		[VMAT_SECTION_RING] = &trace->ring_at,
		[VMAT_SECTION_MODULES] = &trace->modules_at,
		[VMAT_SECTION_THREADS] = &trace->threads_at,
	};
	struct extent taken;

	if (header->section_count > VMAT_SECTION_LIMIT)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, section_count),
		                  "at most 8 sections expected");
	for (uint32_t i = 0; i < header->section_count; i++) {
		const struct vmat_section *section = &header->section[i];
		uint64_t at = table + i * sizeof(*section);

		if (section->type == 0 || section->type >= sizeof(known) / sizeof(known[0])) {
			trace->counts.unknown_sections++;
			continue;
		}
		if (section->offset < VMAT_HEADER_BYTES || section->offset > INT64_MAX ||
		    section->length > INT64_MAX - section->offset)
			return trace_fail(error, TRACE_DAMAGED, at,
			                  "a section behind the header expected");
		if (known[section->type]->length != 0)
			continue;
		taken = (struct extent) { section->offset, section->length, section->entry_bytes };
		for (size_t type = 1; type < sizeof(known) / sizeof(known[0]); type++) {
			if (overlap(known[type], &taken))
				return trace_fail(error, TRACE_DAMAGED, at,
				                  "sections that do not overlap expected");
		}
		*known[section->type] = taken;
	}
	if (control->length < sizeof(trace->control))
		return trace_fail(error, TRACE_DAMAGED, table, "a control section expected");
	if (trace->in_flight_at.length &&
	    (trace->in_flight_at.entry_bytes < sizeof(struct vmat_in_flight) ||
	     trace->in_flight_at.entry_bytes > VMAT_HEADER_BYTES))
		return trace_fail(error, TRACE_DAMAGED, table,
		                  "in-flight entries of 128 bytes expected");
	if (header->slot_count < 16 || (header->slot_count & (header->slot_count - 1)) ||
	    header->slot_bytes < sizeof(struct vmat_event) ||
	    header->slot_bytes > VMAT_HEADER_BYTES || header->slot_bytes % 8 ||
	    header->slot_count > trace->ring_at.length / header->slot_bytes)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, slot_count),
		                  "a ring of a power of two of slots expected");
	return true;
}

/* Entries that are whole. Read before the head: a call that ends meanwhile shows in the ring as well. */
static bool load_in_flight(struct trace *trace, struct trace_error *error)
{
	size_t stride = trace->in_flight_at.entry_bytes;
	uint64_t count = stride ? trace->in_flight_at.length / stride : 0;
	uint8_t *bytes;
	ssize_t n;

	if (count == 0)
		return true;
	if (count > 65536)
		return trace_fail(error, TRACE_DAMAGED, trace->in_flight_at.offset,
		                  "at most 65536 in-flight entries expected");
	bytes = calloc(count, stride);
	trace->in_flight = calloc(count, sizeof(*trace->in_flight));
	if (!bytes || !trace->in_flight) {
		free(bytes);
		return trace_fail(error, TRACE_NO_MEMORY, 0, NULL);
	}
	n = trace_read_at(trace->fd, bytes, count * stride, trace->in_flight_at.offset);
	if (n < 0) {
		free(bytes);
		return trace_fail_errno(error, TRACE_CANNOT_READ, trace->in_flight_at.offset);
	}
	for (uint64_t i = 0; (i + 1) * stride <= (uint64_t)n; i++) {
		struct vmat_in_flight entry;

		memcpy(&entry, bytes + i * stride, sizeof(entry));
		if (entry.owner == ((uint64_t)entry.tid << 1 | 1))
			trace->in_flight[trace->in_flight_count++] = entry;
	}
	free(bytes);
	if ((uint64_t)n < count * stride)
		trace->counts.truncated = true;
	return true;
}

/*
 * The line through two clock pairs, the further apart the better: the newest the trace holds. A trace with
 * the start pair alone has no scale; its times are ticks and trace_counts.uncalibrated says so.
 */
static void calibrate(struct trace *trace)
{
	const struct vmat_clock_pair *start = &trace->header.start;
	const struct vmat_clock_pair *newest = &trace->newest;

	trace->ns_per_tick = 1.0;
	if (trace->header.clock == VMAT_CLOCK_MONOTONIC_NS)
		return;
	if (newest->ticks > start->ticks && newest->monotonic_ns > start->monotonic_ns)
		trace->ns_per_tick = (double)(newest->monotonic_ns - start->monotonic_ns) /
		                     (double)(newest->ticks - start->ticks);
	else
		trace->counts.uncalibrated = true;
}

uint64_t trace_scale(const struct trace *trace, uint64_t ticks)
{
	double ns = (double)ticks * trace->ns_per_tick;

	if (trace->header.clock == VMAT_CLOCK_MONOTONIC_NS)
		return ticks;
	/* A damaged count of ticks must not become a conversion that C leaves undefined. */
	return ns < 9e18 ? (uint64_t)ns : INT64_MAX;
}

uint64_t trace_time(const struct trace *trace, uint64_t ticks)
{
	uint64_t start = trace->header.start.ticks;

	return ticks > start ? trace_scale(trace, ticks - start) : 0;
}

static bool load_control(struct trace *trace, const struct extent *at, struct trace_error *error)
{
	struct trace_counts *counts = &trace->counts;
	ssize_t n = trace_read_at(trace->fd, &trace->control, sizeof(trace->control), at->offset);

	if (n < 0)
		return trace_fail_errno(error, TRACE_CANNOT_READ, at->offset);
	if ((size_t)n < sizeof(trace->control))
		return trace_fail(error, TRACE_TRUNCATED, at->offset + (uint64_t)n,
		                  "the control section");
	trace->control.copy_left[sizeof(trace->control.copy_left) - 1] = '\0';
	if (!(trace->control.latest_version & 1))
		trace->newest = trace->control.latest;
	counts->head = trace->control.head;
	counts->dropped = trace->control.dropped;
	counts->not_seen = trace->control.early;
	trace->laps = trace->header.feature_incompat & VMAT_FEATURE_LAPS;
	counts->arena_used = trace->control.arena_used;
	if (trace->laps) {
		counts->arena_lap = (uint32_t)(counts->arena_used >> VMAT_LAP_SHIFT);
		counts->arena_used &= (1ull << VMAT_LAP_SHIFT) - 1;
	}
	counts->arena_bytes = trace->arena_at.length;
	/* No process draws so many; below SEQ_IN_FLIGHT every number keeps its meaning. */
	if (counts->head >= SEQ_IN_FLIGHT)
		return trace_fail(error, TRACE_DAMAGED, at->offset,
		                  "a ring head below 2^47 expected");
	return true;
}

/* How long the file must be to hold what its counters say. A clean exit trims it, but not below that. */
static uint64_t needed_bytes(const struct trace *trace)
{
	uint64_t slots = trace->counts.head < trace->header.slot_count ? trace->counts.head
	                                                               : trace->header.slot_count;
	uint64_t used = trace->counts.arena_used < trace->arena_at.length ? trace->counts.arena_used
	                                                                  : trace->arena_at.length;
	uint64_t arena = trace->arena_at.offset + used;
	uint64_t ring = trace->ring_at.offset + slots * trace->header.slot_bytes;

	/* Numbers drawn for slots that the disk or the exit had refused. */
	if (trace->control.stopped != VMAT_RECORDING)
		return arena;
	return arena > ring ? arena : ring;
}

static bool load(struct trace *trace, const char *path, struct trace_error *error)
{
	struct extent control = { 0 };
	struct stat status;

	trace->path = strdup(path);
	if (!trace->path)
		return trace_fail(error, TRACE_NO_MEMORY, 0, NULL);
	trace->fd = trace_open_header(path, &trace->header, error);
	if (trace->fd < 0)
		return false;
	if (!find_sections(trace, &control, error) || !load_in_flight(trace, error) ||
	    !load_control(trace, &control, error) || !trace_arena_load(trace, error) ||
	    !trace_threads_load(trace, error))
		return false;
	calibrate(trace);
	if (!trace_ring_scan(trace, error))
		return false;
	if (fstat(trace->fd, &status) < 0)
		return trace_fail_errno(error, TRACE_CANNOT_READ, 0);
	trace->file_bytes = (uint64_t)status.st_size;
	if (trace->file_bytes < needed_bytes(trace))
		trace->counts.truncated = true;
	return true;
}

struct trace *trace_open(const char *path, struct trace_error *error)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	*error = (struct trace_error) { .status = TRACE_OK };
	if (!trace) {
		trace_fail(error, TRACE_NO_MEMORY, 0, NULL);
		return NULL;
	}
	trace->fd = -1;
	if (!load(trace, path, error)) {
		trace_close(trace);
		return NULL;
	}
	return trace;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	trace_events_release(trace);
	trace_arena_release(trace);
	if (trace->fd >= 0)
		close(trace->fd);
	free(trace->threads.entries);
	free(trace->in_flight);
	free(trace->path);
	free(trace);
}

const char *trace_path(const struct trace *trace)
{
	return trace->path;
}

uint64_t trace_file_bytes(const struct trace *trace)
{
	return trace->file_bytes;
}

const struct vmat_header *trace_header(const struct trace *trace)
{
	return &trace->header;
}

const struct vmat_control *trace_control(const struct trace *trace)
{
	return &trace->control;
}

const struct trace_counts *trace_counts(const struct trace *trace)
{
	return &trace->counts;
}

/* Once recording has stopped a list shows what calls did that are not there: no replay could say the same. */
static size_t comparable_snapshots(const struct trace *trace)
{
	size_t count = trace->snapshot_count;

	if (trace->control.stopped == VMAT_RECORDING || trace->counts.dropped == 0)
		return count;
	while (count > 1 && trace->snapshots[count - 1].begin >= trace->counts.end_seq)
		count--;
	return count;
}

/* Refused, it is slower, no more. */
static void want_huge_pages(void *memory, size_t bytes)
{
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
}

bool trace_walk_input(struct trace *trace, struct walk_input *input)
{
	*input = (struct walk_input) {
		.in_flight = trace_in_flight(trace),
		.in_flight_count = trace->in_flight_count,
		.snapshots = trace->snapshots,
		.snapshot_count = comparable_snapshots(trace),
		.first_seq = trace->counts.whole_seq,
		.window = trace->counts.window,
		.ahead = EVENTS_AHEAD,
		.advise = want_huge_pages,
		.start_brk = trace->header.start_brk,
		.start_stack = trace->header.start_stack,
		.own = { { trace->header.own[0].start, trace->header.own[0].end },
		         { trace->header.own[1].start, trace->header.own[1].end } },
		.page_bytes = trace->header.page_bytes,
	};
	return input->in_flight && trace_events(trace, &input->events);
}
