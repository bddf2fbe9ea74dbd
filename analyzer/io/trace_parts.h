/*
 * trace_parts.h: the inside of struct trace, shared by the files that read one:
 * trace_header.c (file, header), trace_reader.c (sections, control, in flight), trace_arena.c and
 * trace_snapshots.c (records), trace_threads.c, trace_ring.c (slots), trace_scan.c (what they hold),
 * trace_events.c (events), trace_lookup.c.
 */
#ifndef VMATRACE_IO_TRACE_PARTS_H
#define VMATRACE_IO_TRACE_PARTS_H

#include <sys/types.h>

#include "proc_maps.h"
#include "trace_reader.h"

/* A section as the header places it; length 0: the trace has none. */
struct extent {
	uint64_t offset;
	uint64_t length;
	uint32_t entry_bytes;
};

/* STRING and OBJECT records, by id. What else there is to know lies in the arena; a trace may be full of them. */
struct named {
	uint32_t id;
	uint32_t lap;
	size_t text_at; /* in texts: NUL-terminated */
};

/* What such a record says. */
struct named_view {
	const char *text;
	bool is_object;
	struct vmat_object object; /* if it is one */
};

/* ROWS records, by id. */
struct touched {
	uint32_t id;
	uint32_t lap;
	struct proc_maps maps;
};

/* A module by its address. */
struct module_place {
	const struct trace_module *module;
	uint64_t reach; /* the largest end of this one and all that begin below it */
};

struct pass;

struct trace {
	char *path;
	int fd;
	uint64_t file_bytes; /* when it was opened */
	struct vmat_header header;
	struct vmat_control control;
	struct trace_counts counts;
	struct extent in_flight_at;
	struct extent arena_at;
	struct extent modules_at;
	struct extent threads_at;
	struct extent ring_at;
	bool laps; /* VMAT_FEATURE_LAPS */

	uint8_t *arena; /* a private copy, arena_bytes of it */
	size_t arena_bytes;
	uint8_t *modules_copy;
	size_t modules_bytes;
	uint8_t *stack_bits; /* bit for each VMAT_RECORD_ALIGN bytes: a STACK record begins there */
	struct named *named;
	size_t named_count;
	char *texts; /* of all of them, one behind the other */
	size_t texts_bytes;
	size_t texts_room;
	struct touched *touched;
	size_t touched_count;
	struct trace_module *modules;
	size_t module_count;
	struct module_place *module_places; /* as many, by start */
	bool modules_overlap;
	struct snapshot *snapshots;
	struct proc_maps *snapshot_maps; /* behind snapshots, in the same order */
	size_t snapshot_count;
	struct vmat_limits *limits; /* by seq */
	size_t limits_count;

	struct threads threads;

	struct vmat_in_flight *in_flight;
	size_t in_flight_count;
	struct event *in_flight_events; /* as many; NULL: not asked for yet */

	struct vmat_clock_pair newest; /* of all clock pairs the trace holds */
	double ns_per_tick;
	struct pass *passes;
};

/*
 * Up to `bytes` at `offset`; the number read, short only at the end of the file, or -1 and errno. Safe on a
 * file that is cut meanwhile.
 */
ssize_t trace_read_at(int fd, void *into, size_t bytes, uint64_t offset);

/* trace_header.c: opens the file, checks its header. The descriptor, or -1 and *error. */
int trace_open_header(const char *path, struct vmat_header *header, struct trace_error *error);
/* Both set *error and return false. */
bool trace_fail(struct trace_error *error, enum trace_status status, uint64_t offset,
                const char *expected);
bool trace_fail_errno(struct trace_error *error, enum trace_status status, uint64_t offset);

/* Ticks to nanoseconds: a duration, and a moment since the start. */
uint64_t trace_scale(const struct trace *trace, uint64_t ticks);

/* Sets *error; false. */
bool trace_no_memory(struct trace_error *error);

/* Room for one more in an array that doubles. The new element, zeroed, or NULL. */
void *trace_append(void **array, size_t *count, size_t size);
#define APPEND(array, count) trace_append((void **)&(array), &(count), sizeof(*(array)))

/* A piece of a snapshot's text. */
struct piece {
	uint32_t snapshot;
	uint32_t part;
	const char *text; /* in the arena */
	size_t bytes;
};

/* trace_snapshots.c: what the walk over the arena gathers before snapshots can be put together. */
struct gathered {
	struct piece *pieces;
	size_t piece_count;
	struct vmat_snapshot *snapshots;
	size_t snapshot_count;
};
/* False: out of memory. */
bool trace_take_piece(struct trace *trace, struct gathered *gathered,
                      const struct vmat_record *record, const uint8_t *payload);
bool trace_take_snapshot(struct trace *trace, struct gathered *gathered,
                         const struct vmat_record *record, const uint8_t *payload);
bool trace_snapshots_make(struct trace *trace, struct gathered *gathered,
                          struct trace_error *error);
void trace_gathered_release(struct gathered *gathered);

/* trace_arena.c: false: *error is set. */
bool trace_arena_load(struct trace *trace, struct trace_error *error);
void trace_arena_release(struct trace *trace);
/* The place that an id names, in units of VMAT_RECORD_ALIGN. */
static inline uint32_t trace_id_unit(const struct trace *trace, uint32_t id)
{
	return trace->laps ? id & ((1u << VMAT_ID_LAP_SHIFT) - 1) : id;
}
/*
 * The record of an id, or NULL: there is none, or it was written over. `lap` is vmat_event.lap of the event
 * that has the id.
 */
/* False: no such record. */
bool trace_named(const struct trace *trace, uint32_t id, uint8_t lap, struct named_view *view);
const struct proc_maps *trace_touched(const struct trace *trace, uint32_t id, uint8_t lap);
bool trace_has_stack(const struct trace *trace, uint32_t id, uint8_t lap);
/* The number of pcs of a record of either type, 0: it is damaged. */
size_t trace_unpack_stack(const struct vmat_record *record, const uint8_t *payload,
                          uint64_t pcs[VMAT_DEPTH_LIMIT]);

/* trace_limits.c. False: out of memory. */
bool trace_take_limits(struct trace *trace, const struct vmat_record *record,
                       const uint8_t *payload);
void trace_limits_sort(struct trace *trace);

/* trace_threads.c: false: *error is set. */
bool trace_threads_load(struct trace *trace, struct trace_error *error);

/* trace_lookup.c: once all modules are there. False: out of memory. */
bool trace_modules_index(struct trace *trace);

/* trace_ring.c: the slots [seq, end) of a ring, in order. */
struct slots {
	const struct trace *trace;
	uint64_t seq; /* of the next slot */
	uint64_t end;
	uint8_t *chunk;
	uint32_t *sums; /* the checksum that each of its slots should have */
	const uint32_t *sum;
	const uint8_t *at; /* of its next slot, the one of `seq` */
	size_t left;       /* how many it holds from there on */
	uint64_t empty;    /* slots stepped over */
	int error;
};

/* False: out of memory; to be released all the same. */
bool slots_init(struct slots *slots, const struct trace *trace, uint64_t from, uint64_t end);
void slots_release(struct slots *slots);
/*
 * The slot of slots->seq, or NULL at the end or when the file could not be read (slots->error). Steps over
 * slots that are known to be empty and counts them.
 */
const struct vmat_event *slots_here(struct slots *slots);
/* Of what slots_here() gave: it is whole, and of that number. */
bool slots_valid(const struct slots *slots, const struct vmat_event *slot);
void slots_next(struct slots *slots);
/* Behind the newest number that the ring can hold. */
uint64_t trace_end_seq(const struct trace *trace);
/* The slot of that number, if it is there and whole. */
bool trace_slot_at(const struct trace *trace, uint64_t seq, struct vmat_event *slot);

/* trace_scan.c: counts what survives, finds the window, drops in-flight entries whose slot is stored. */
bool trace_ring_scan(struct trace *trace, struct trace_error *error);

/* trace_events.c: the passes. */
void trace_events_release(struct trace *trace);

#endif
