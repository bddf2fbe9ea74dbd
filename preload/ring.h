/*
 * ring: the mapped trace file and its two ways of taking something in.
 *
 *     header | control | in flight | modules ... | threads | arena ..... ready ... | ring  s s s s . . ready . . . |
 *
 * The file is sparse and mapped whole; `ready` is how far its pages were asked for (MADV_POPULATE_WRITE),
 * and nothing is stored beyond it: on a full disk that call returns EFAULT where a store would be SIGBUS.
 *
 * ring_draw and ring_store: reserve a slot by one atomic add, fill it, stamp it. No lock, no commit counter: a reader tells
 * valid, torn and overwritten slots apart by stamp and checksum (trace_format.h). Async-signal-safe.
 */
#ifndef VMATRACE_PRELOAD_RING_H
#define VMATRACE_PRELOAD_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"
#include "vmatrace/trace_format.h"

struct ring {
	struct vmat_header *header; /* start of the mapping; NULL: none */
	struct vmat_control *control;
	struct vmat_in_flight *in_flight;
	uint8_t *modules;
	struct vmat_thread *threads;
	uint8_t *arena;
	struct vmat_event *slots;
	uint64_t map_bytes; /* 0: the mapping is no longer ours to keep the program off */
	uint64_t arena_bytes;
	uint64_t slot_count;
	uint64_t frozen;         /* 1: at exit, nothing more is populated */
	uint64_t arena_ready[2]; /* bytes of each half */
	uint64_t modules_ready;
	uint64_t slots_ready;
	uint64_t
		snapshot_at; /* the next snapshot is due with the event of this number, or any later one */
	uint64_t arena_half;     /* bytes: where there is one lap, all of it */
	uint64_t arena_limit[2]; /* bytes; less than a half once pages of it were refused */
	uint64_t lap_soft;       /* bytes; a lap of the arena may end behind them, see arena.h */
	uint64_t threads_at;     /* threads are looked for with the event of this number */
	uint32_t stacks_mapped;  /* since the trace began */
	uint32_t threads_ready;  /* a bit for each page of the threads */
	uint64_t limits_lap;     /* 1 + the arena's lap that limits were stored in; 0: not yet */
	uint64_t limits[3];      /* address space, data, locked: what was stored last */
	uint64_t lap_began;      /* lap << VMAT_LAP_SHIFT | low bits of the head when it began */
	bool laps;               /* the arena is filled in laps */
	bool stop_when_full;
	bool use_counter; /* ticks are the time stamp counter */
	bool use_crc32c;
	bool populates;        /* MADV_POPULATE_WRITE is there (Linux >= 5.14) */
	bool takes_huge_pages; /* MADV_HUGEPAGE was asked for */
};

extern struct ring ring;

/*
 * Makes the file of this address space and maps it. No descriptor stays open. False: no file could be made
 * or mapped; *why is the error number (EOPNOTSUPP: steady.h). path: buffer for the file's name, absolute.
 */
bool ring_create(const struct settings *settings, char *path, size_t path_bytes, int *why);

/* Ticks of the trace's clock (header.clock). */
uint64_t ring_ticks(void);
/* Both clocks now; also keeps them as control.latest. */
struct vmat_clock_pair ring_clock_pair(void);

/* The head, for the order: called just before a system call (acquire: see recorder.c). */
static inline uint64_t ring_head(void)
{
	return __atomic_load_n(&ring.control->head, __ATOMIC_ACQUIRE);
}

/* The slot that the next event will likely go to, brought near while its call is made. */
static inline void ring_expect(void)
{
	const char *slot = (const char *)&ring.slots[ring_head() & (ring.slot_count - 1)];

	__builtin_prefetch(slot, 1);
	__builtin_prefetch(slot + 64, 1);
}

/* True once nothing more is recorded: what ends now is not known to have ended. */
static inline bool ring_has_stopped(void)
{
	return __atomic_load_n(&ring.control->stopped, __ATOMIC_RELAXED) != VMAT_RECORDING;
}

/* The slot of an event, drawn just after its call; RING_NO_SLOT (and counted): nothing more is recorded. */
#define RING_NO_SLOT UINT64_MAX
uint64_t ring_draw(void);

/*
 * Stores *event in it (stamp and crc are set here). `alive` is read once more just before the stamp: if it
 * then reads 0 this is a fork child in the middle of its parent's event, and the slot stays unstamped;
 * likewise if the child has got a ring of its own meanwhile.
 * True: a snapshot is due, with every quarter of the ring, so that what survives a wrap can be replayed from a
 * base that survives too. Whoever is told so is the only one.
 */
bool ring_store(struct vmat_event *event, uint64_t seq, const uint32_t *alive);

static inline bool ring_put(struct vmat_event *event, const uint32_t *alive)
{
	return ring_store(event, ring_draw(), alive);
}

uint32_t ring_crc(uint32_t seed, const void *data, size_t bytes);

/* Each asks for the pages of the first so many slots, or bytes. False: refused. */
bool ring_make_slots_ready(uint64_t slots);
bool ring_arena_ready(uint8_t *arena, uint64_t half, uint64_t bytes);
bool ring_modules_ready(uint64_t bytes);

/* At a clean exit: cuts the file behind what is in use; recording goes on in what is ready. Best effort. */
void ring_trim(const char *path);

/* True if [start, start + length) touches the mapping. */
bool ring_overlaps(uint64_t start, uint64_t length);

static inline void ring_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#endif
