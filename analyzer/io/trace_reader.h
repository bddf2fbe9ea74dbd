/*
 * trace_reader: the way into a trace file. Turns the bytes of trace_format.h into the core's events,
 * snapshots, stacks and modules.
 *
 *     file ── header ── control ── in flight ── arena (records, read once) ── ring (streamed)
 *                                                  │                            │
 *                          snapshots, stacks, modules, objects          event_source, any number of passes
 *
 * A trace is untrusted input: it may be torn, cut, live (its process still writes), or made by somebody who
 * means harm. Every offset, length and count is checked against the file, checksums are held, unknown
 * records, calls and flags are counted. The file is read with pread, never mapped: a live process trims its
 * trace at exit, and a page cut away from under a mapping would be a SIGBUS.
 *
 * Memory: the arena (stacks, snapshots), set by sites and VMAs; the ring is streamed, never held.
 * Owner: trace_open's caller; everything a trace hands out lives until trace_close().
 * Fails: NULL and a struct trace_error that trace_error_text() makes one line of. Prints nothing.
 */
#ifndef VMATRACE_IO_TRACE_READER_H
#define VMATRACE_IO_TRACE_READER_H

#include "core/event.h"
#include "core/threads.h"
#include "core/walk.h"
#include "vmatrace/trace_format.h"

enum trace_status {
	TRACE_OK,
	TRACE_CANNOT_OPEN, /* error says why */
	TRACE_CANNOT_READ, /* error says why, offset where */
	TRACE_EMPTY, /* no bytes, or nothing but zeros: a recorder that never got to its header */
	TRACE_NOT_A_TRACE,
	TRACE_TRUNCATED, /* ends at offset, inside what `expected` names */
	TRACE_DAMAGED,   /* at offset; `expected` says what should be there */
	TRACE_NEWER,     /* made by a newer version, or uses a feature this one does not know */
	TRACE_NO_MEMORY,
};

struct trace_error {
	enum trace_status status;
	int error; /* errno, 0 if none belongs to it */
	uint64_t offset;
	const char *expected; /* static text */
};

/* "cannot open 'x.vmat': No such file or directory", without "vmatrace: " and newline. */
void trace_error_text(const struct trace_error *error, const char *path, char *text, size_t bytes);

/* What was stored and what was lost, by number. */
struct trace_counts {
	uint64_t head;        /* sequence numbers drawn */
	uint64_t first_seq;   /* the oldest one the ring can still hold */
	uint64_t end_seq;     /* behind the newest one it can hold */
	uint64_t whole_seq;   /* from here on no event is missing up to the last snapshot */
	uint64_t events;      /* valid slots */
	uint64_t failed;      /* of them: calls that failed */
	uint64_t internal;    /* of them: the recorder's own */
	uint64_t early;       /* of them: before the unwinder was loaded */
	uint64_t left;        /* of them: left by a jump before they said how they ended */
	uint64_t overwritten; /* head ran over them */
	uint64_t torn;        /* drawn, and never wholly stored */
	uint64_t dropped;     /* never drawn: stopped, no space */
	uint64_t lost;        /* overwritten + torn + dropped */
	uint64_t not_seen; /* calls before recording began: no event, but in the start snapshot */
	uint64_t in_flight;
	uint64_t unknown_calls; /* of `events`: calls this version does not know */
	uint64_t unknown_flags; /* of `events`: with flags this version does not know */
	uint64_t unknown_records;
	uint64_t damaged_records; /* arena records whose checksum or length fails */
	uint64_t
		unfinished_records; /* reserved in the arena and never finished, in 16-byte steps */
	uint64_t unknown_sections;
	uint64_t stacks;
	uint64_t stacks_lost; /* of `events`: the stack was written over, or is damaged */
	uint64_t
		evidence_lost; /* of `events`: so was what it carries, a file or the kernel's rows */
	uint32_t arena_lap;    /* laps of the arena begun before the one it is in */
	uint64_t arena_used;   /* in this lap */
	uint64_t arena_bytes;
	uint64_t window;   /* the largest exit - enter */
	uint64_t last_ns;  /* time of the last event, in flight ones included */
	bool truncated;    /* the file ends before what its counters say it holds */
	bool uncalibrated; /* only one clock pair: times are ticks */
};

/* An object that was loaded. Ranges half-open. */
struct trace_module {
	const char *path; /* header.exe where the trace has "": the main program */
	uint64_t bias;
	uint64_t start;
	uint64_t end;
	uint64_t from_seq; /* first met when the head stood here */
	const uint8_t *build_id;
	uint32_t build_id_bytes; /* 0: it has none */
	bool recorder;           /* the recorder's own */
};

struct trace;

struct trace *trace_open(const char *path, struct trace_error *error);
void trace_close(struct trace *trace);

/* Only the header, checked: for listing the processes of a folder. */
bool trace_peek(const char *path, struct vmat_header *header, struct trace_error *error);

const char *trace_path(const struct trace *trace);
uint64_t trace_file_bytes(const struct trace *trace);
/* Checked; its strings end in NUL. command_line is command_line_bytes of NUL-terminated arguments. */
const struct vmat_header *trace_header(const struct trace *trace);
/* As it was when the trace was opened. */
const struct vmat_control *trace_control(const struct trace *trace);
const struct trace_counts *trace_counts(const struct trace *trace);

/* Nanoseconds since the start of the trace. */
uint64_t trace_time(const struct trace *trace, uint64_t ticks);

/*
 * A new pass over the surviving events in order of seq, those in flight last (seq SEQ_IN_FLIGHT + n).
 * False when out of memory. The pass belongs to the trace.
 */
bool trace_events(struct trace *trace, struct event_source *source);
/* The surviving event of that number, read anew. False: there is none. */
bool trace_event_at(const struct trace *trace, uint64_t seq, struct event *event);
/* The calls in flight, as many as are counted; the trace's. NULL: out of memory. */
const struct event *trace_in_flight(struct trace *trace);
/* All that walk_new() wants, with a pass of its own. */
bool trace_walk_input(struct trace *trace, struct walk_input *input);

/*
 * The limits that were in force when event `seq` failed for want of memory. LIMITS_AT_START: nothing was kept since,
 * as by older recorders or in a sandbox; LIMITS_LOST: what was kept then is written over. Both times they are
 * those of the start.
 */
enum limits_known { LIMITS_AT_CALL, LIMITS_AT_START, LIMITS_LOST };
enum limits_known trace_limits(const struct trace *trace, uint64_t seq, struct vmat_limits *limits);

/* Complete snapshots, in order of begin. */
const struct snapshot *trace_snapshots(const struct trace *trace, size_t *count);
/* The number of return addresses, innermost first; 0 for id 0 or an id the arena does not hold. */
size_t trace_stack(const struct trace *trace, uint32_t id, uint64_t pcs[VMAT_DEPTH_LIMIT]);
/* Its threads, as far as they are known. */
const struct threads *trace_threads(const struct trace *trace);
/* In order of from_seq. */
const struct trace_module *trace_modules(const struct trace *trace, size_t *count);
/* True if an address may belong to one module now and to another later. */
bool trace_modules_overlap(const struct trace *trace);
/* The object that `pc` lay in when event `seq` was recorded, or NULL. */
const struct trace_module *trace_module_at(const struct trace *trace, uint64_t pc, uint64_t seq);

#endif
