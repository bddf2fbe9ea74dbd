/*
 * ring.c: the slots of the mapped trace file, and what may be stored to. trace_file.c makes the file.
 */
#include "ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "processor.h"
#include "raw_syscall.h"
#include "real.h"
#include "recorder.h"
#include "words.h"

#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE 14
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	POPULATE_LEAST =
		64 << 10, /* `true` makes no event; it should not wait for a MiB of pages */
	POPULATE_MOST = 1 << 20,
	POPULATE_HUGE =
		512 << 10,    /* asked for at a time: whoever needs as much may have huge pages */
	MODULES_LEAST = 4096, /* some objects a page */
	SMALL_RING = 4096,    /* slots; here a thread that waits a moment finds itself lapped */
	CLOCK_EVERY =
		256, /* events between two looks at both clocks: what a killed process leaves */
};

struct ring ring;

uint64_t ring_ticks(void)
{
	struct timespec now;

	if (ring.use_counter)
		return processor_counter();
	real.clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct vmat_clock_pair ring_clock_pair(void)
{
	struct vmat_control *control = ring.control;
	struct vmat_clock_pair pair;
	struct timespec now;
	uint64_t version;

	pair.ticks = ring_ticks();
	real.clock_gettime(CLOCK_MONOTONIC, &now);
	pair.monotonic_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	/* A writer that finds another one here leaves the pair to it: no waiting in a stranger's thread. */
	version = __atomic_load_n(&control->latest_version, __ATOMIC_RELAXED);
	if (!(version & 1) &&
	    __atomic_compare_exchange_n(&control->latest_version, &version, version + 1, false,
	                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		control->latest = pair;
		__atomic_store_n(&control->latest_version, version + 2, __ATOMIC_RELEASE);
	}
	return pair;
}

uint32_t ring_crc(uint32_t seed, const void *data, size_t bytes)
{
	if (ring.use_crc32c)
		return processor_crc32c(seed, data, bytes);
	return crc32c_software(seed, data, bytes);
}

/* Memory that is stored to from its front on, in units of `unit` bytes, `limit` of them. */
struct area {
	uint8_t *base;
	uint64_t *ready;
	uint64_t unit;
	uint64_t limit;
	uint64_t least; /* bytes asked for at a time */
};

/* A madvise(2) of ours, into an event that is yet to be put: where it goes may be what is made ready. */
static bool advise(struct vmat_event *internal, uint64_t start, uint64_t bytes, int advice)
{
	long result;

	*internal = (struct vmat_event) { .call = CALL_MADVISE,
		                          .args = { start, bytes, (uint64_t)advice } };
	internal->enter = ring_head();
	internal->time = ring_ticks();
	do {
		result = RAW_3(SYS_madvise, start, bytes, advice);
	} while (result == -EINTR);
	internal->duration = ring_ticks() - internal->time;
	return !raw_failed(result);
}

/*
 * Pages of a file cost less by the hundred: a shared mapping takes a fault for each page, a file system that
 * knows large folios (ext4, xfs) one for 2 MiB. Measured, ext4, Linux 6.18: 7.1 us a page without, 2.0 with. Only
 * where there is use for that much. True: the call was made, once for each mapping, and *internal tells of it.
 */
static bool take_huge_pages(struct vmat_event *internal, uint64_t bytes)
{
	return bytes >= POPULATE_HUGE &&
	       !__atomic_exchange_n(&ring.takes_huge_pages, true, __ATOMIC_RELAXED) &&
	       advise(internal, (uint64_t)ring.header, ring.map_bytes, MADV_HUGEPAGE);
}

/*
 * Makes the units [*ready, needed) safe to store to. Several threads may do it at once: asking twice for a page
 * is harmless, and *ready only ever rises.
 */
static bool make_ready(const struct area *area, uint64_t needed)
{
	uint64_t from = __atomic_load_n(area->ready, __ATOMIC_ACQUIRE);
	uint64_t bytes = from * area->unit;
	uint64_t goal;
	struct vmat_event internal;
	bool published;

	if (needed <= from)
		return true;
	if (__atomic_load_n(&ring.frozen, __ATOMIC_ACQUIRE))
		return false;
	/* Twice as much each time, within bounds: small programs pay little, busy ones ask seldom. */
	if (bytes < area->least)
		bytes = area->least;
	if (bytes > POPULATE_MOST)
		bytes = POPULATE_MOST;
	goal = from + bytes / area->unit;
	while (goal < needed)
		goal += bytes / area->unit;
	if (goal > area->limit)
		goal = area->limit;
	/* At once, and then all anew: what its event asks for is made ready by calls that come after it. */
	if (ring.populates && take_huge_pages(&internal, bytes)) {
		recorder_internal(&internal);
		return make_ready(area, needed);
	}
	if (ring.populates && !advise(&internal, (uint64_t)area->base + from * area->unit,
	                              (goal - from) * area->unit, MADV_POPULATE_WRITE))
		return false;
	/* Fails only if another thread has raised it meanwhile, or the file was frozen: then look again. */
	published = __atomic_compare_exchange_n(area->ready, &from, goal, false, __ATOMIC_ACQ_REL,
	                                        __ATOMIC_ACQUIRE);
	/* Made in vain or not, the call was made. */
	if (ring.populates)
		recorder_internal(&internal);
	return published || make_ready(area, needed);
}

static bool make_slots_ready(uint64_t slots)
{
	const struct area area = { (uint8_t *)ring.slots, &ring.slots_ready, VMAT_SLOT_BYTES,
		                   ring.slot_count, POPULATE_LEAST };

	return make_ready(&area, slots);
}

bool ring_make_slots_ready(uint64_t slots)
{
	return make_slots_ready(slots < ring.slot_count ? slots : ring.slot_count);
}

bool ring_arena_ready(uint8_t *arena, uint64_t half, uint64_t bytes)
{
	const struct area area = { arena + half * ring.arena_half, &ring.arena_ready[half], 1,
		                   ring.arena_half, POPULATE_LEAST };

	return make_ready(&area, bytes);
}

bool ring_modules_ready(uint64_t bytes)
{
	const struct area area = { ring.modules, &ring.modules_ready, 1,
		                   (uint64_t)((uint8_t *)ring.threads - ring.modules),
		                   MODULES_LEAST };

	return make_ready(&area, bytes);
}

static void store(struct vmat_event *slot, struct vmat_event *event, uint64_t seq)
{
	event->lap = (uint8_t)(__atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED) >>
	                       (VMAT_LAP_SHIFT + 8));
	event->crc = ring_crc((uint32_t)seq, &event->time,
	                      offsetof(struct vmat_event, crc) - offsetof(struct vmat_event, time));
	__atomic_store_n(&slot->stamp, 0, __ATOMIC_RELAXED);
	/* The old stamp must be gone before the first new byte shows. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	words_store(&slot->time, &event->time, sizeof(*event) - sizeof(event->stamp));
	__atomic_store_n(&slot->stamp, seq + 1, __ATOMIC_RELEASE);
}

/* The first reason stays. */
static void stop(enum vmat_stopped why)
{
	uint32_t recording = VMAT_RECORDING;

	__atomic_compare_exchange_n(&ring.control->stopped, &recording, (uint32_t)why, false,
	                            __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

uint64_t ring_draw(void)
{
	struct vmat_control *control = ring.control;
	uint64_t seq;

	if (ring_has_stopped() ||
	    (ring.stop_when_full &&
	     __atomic_load_n(&control->head, __ATOMIC_RELAXED) >= ring.slot_count)) {
		stop(VMAT_STOPPED_FULL);
		ring_count(&control->dropped);
		return RING_NO_SLOT;
	}
	/*
	 * The draw of `exit`. Release and acquire: everything before it, the system call above all, is over
	 * for whoever loads the head afterwards (recorder.c states the order that follows from it).
	 */
	seq = __atomic_fetch_add(&control->head, 1, __ATOMIC_ACQ_REL);
	if (!ring.stop_when_full || seq < ring.slot_count)
		return seq;
	stop(VMAT_STOPPED_FULL);
	return RING_NO_SLOT;
}

/* True for one caller each quarter of the ring, and when the arena has asked for it. */
static bool snapshot_is_due(uint64_t seq)
{
	uint64_t quarter = ring.slot_count / 4;
	uint64_t at = __atomic_load_n(&ring.snapshot_at, __ATOMIC_RELAXED);

	return seq >= at &&
	       __atomic_compare_exchange_n(&ring.snapshot_at, &at, seq - seq % quarter + quarter,
	                                   false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool ring_store(struct vmat_event *event, uint64_t seq, const uint32_t *alive)
{
	const struct vmat_control *control = ring.control;
	uint64_t index;

	if (seq == RING_NO_SLOT)
		return false;
	index = seq & (ring.slot_count - 1);
	if (index >= __atomic_load_n(&ring.slots_ready, __ATOMIC_ACQUIRE) &&
	    !make_slots_ready(index + 1)) {
		stop(__atomic_load_n(&ring.frozen, __ATOMIC_RELAXED) ? VMAT_STOPPED_TRIMMED
		                                                     : VMAT_STOPPED_NO_SPACE);
		return false;
	}
	if (__atomic_load_n(alive, __ATOMIC_RELAXED) == 0 || ring.control != control)
		return false;
	/* What was overwritten before it was stored would take a newer event's place. */
	if (ring.slot_count <= SMALL_RING && ring_head() - seq > ring.slot_count)
		return snapshot_is_due(seq);
	store(&ring.slots[index], event, seq);
	if (seq % CLOCK_EVERY == 0)
		ring_clock_pair();
	return snapshot_is_due(seq);
}

bool ring_overlaps(uint64_t start, uint64_t length)
{
	uint64_t map = (uint64_t)ring.header;

	return start < map + ring.map_bytes && start + length > map;
}
