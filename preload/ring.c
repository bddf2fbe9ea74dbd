/*
 * ring.c: slots and arena of the mapped trace file. trace_file.c makes the file.
 */
#include "ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "processor.h"
#include "raw_syscall.h"
#include "recorder.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	POPULATE_LEAST =
		64 << 10, /* `true` makes no event; it should not wait for a MiB of pages */
	POPULATE_MOST = 1 << 20,
	CLOCK_EVERY =
		256, /* events between two looks at both clocks: what a killed process leaves */
};

struct ring ring;

uint64_t ring_ticks(void)
{
	struct timespec now;

	if (ring.use_counter)
		return processor_counter();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct vmat_clock_pair ring_clock_pair(void)
{
	struct vmat_control *control = ring.control;
	struct vmat_clock_pair pair;
	struct timespec now;
	uint64_t version;

	pair.ticks = ring_ticks();
	clock_gettime(CLOCK_MONOTONIC, &now);
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

/*
 * Makes [*ready, needed) of the memory at `base` (units of `unit` bytes, `limit` of them) safe to store to.
 * Several threads may do it at once: asking twice for a page is harmless, and *ready only ever rises.
 */
static bool make_ready(uint8_t *base, uint64_t *ready, uint64_t needed, uint64_t unit,
                       uint64_t limit)
{
	uint64_t from = __atomic_load_n(ready, __ATOMIC_ACQUIRE);
	uint64_t bytes = from * unit;
	uint64_t goal;
	struct vmat_event internal = { .call = CALL_MADVISE };
	long result;
	bool published;

	if (needed <= from)
		return true;
	if (__atomic_load_n(&ring.frozen, __ATOMIC_ACQUIRE))
		return false;
	/* Twice as much each time, within bounds: small programs pay little, busy ones ask seldom. */
	if (bytes < POPULATE_LEAST)
		bytes = POPULATE_LEAST;
	if (bytes > POPULATE_MOST)
		bytes = POPULATE_MOST;
	goal = from + bytes / unit;
	while (goal < needed)
		goal += bytes / unit;
	if (goal > limit)
		goal = limit;
	if (ring.populates) {
		internal.enter = ring_head();
		internal.time = ring_ticks();
		internal.args[0] = (uint64_t)base + from * unit;
		internal.args[1] = (goal - from) * unit;
		internal.args[2] = MADV_POPULATE_WRITE;
		do {
			result = RAW_3(SYS_madvise, internal.args[0], internal.args[1],
			               MADV_POPULATE_WRITE);
		} while (result == -EINTR);
		internal.duration = ring_ticks() - internal.time;
		if (raw_failed(result))
			return false;
	}
	/* Fails only if another thread has raised it meanwhile, or the file was frozen: then look again. */
	published = __atomic_compare_exchange_n(ready, &from, goal, false, __ATOMIC_ACQ_REL,
	                                        __ATOMIC_ACQUIRE);
	/* Made in vain or not, the call was made. */
	if (ring.populates)
		recorder_internal(&internal);
	return published || make_ready(base, ready, needed, unit, limit);
}

static void store(struct vmat_event *slot, struct vmat_event *event, uint64_t seq)
{
	event->crc = ring_crc((uint32_t)seq, &event->time,
	                      offsetof(struct vmat_event, crc) - offsetof(struct vmat_event, time));
	__atomic_store_n(&slot->stamp, 0, __ATOMIC_RELAXED);
	/* The old stamp must be gone before the first new byte shows. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__builtin_memcpy(&slot->time, &event->time, sizeof(*event) - sizeof(event->stamp));
	__atomic_store_n(&slot->stamp, seq + 1, __ATOMIC_RELEASE);
}

uint64_t ring_draw(void)
{
	struct vmat_control *control = ring.control;
	uint64_t seq;

	if (__atomic_load_n(&control->stopped, __ATOMIC_RELAXED) ||
	    (ring.stop_when_full &&
	     __atomic_load_n(&control->head, __ATOMIC_RELAXED) >= ring.slot_count)) {
		if (ring.stop_when_full && !control->stopped)
			control->stopped = VMAT_STOPPED_FULL;
		ring_count(&control->dropped);
		return RING_NO_SLOT;
	}
	/*
	 * The draw of `exit`. Release and acquire: everything before it, the system call above all, is over
	 * for whoever loads the head afterwards (recorder.c states the order that follows from it).
	 */
	seq = __atomic_fetch_add(&control->head, 1, __ATOMIC_ACQ_REL);
	return ring.stop_when_full && seq >= ring.slot_count ? RING_NO_SLOT : seq;
}

bool ring_store(struct vmat_event *event, uint64_t seq, const uint32_t *alive)
{
	const struct vmat_control *control = ring.control;
	uint64_t index;

	if (seq == RING_NO_SLOT)
		return false;
	index = seq & (ring.slot_count - 1);
	if (index >= __atomic_load_n(&ring.slots_ready, __ATOMIC_ACQUIRE) &&
	    !make_ready((uint8_t *)ring.slots, &ring.slots_ready, index + 1, sizeof(*event),
	                ring.slot_count)) {
		ring.control->stopped = ring.frozen ? VMAT_STOPPED_TRIMMED : VMAT_STOPPED_NO_SPACE;
		return false;
	}
	if (__atomic_load_n(alive, __ATOMIC_RELAXED) == 0 || ring.control != control)
		return false;
	store(&ring.slots[index], event, seq);
	if (seq % CLOCK_EVERY == 0)
		ring_clock_pair();
	return seq && seq % (ring.slot_count / 4) == 0;
}

void *ring_reserve(uint64_t bytes, uint32_t *id)
{
	uint64_t size = (bytes + VMAT_RECORD_ALIGN - 1) & ~(uint64_t)(VMAT_RECORD_ALIGN - 1);
	/* Before the offset: a fork child that gets a trace of its own in between must not mix the two. */
	uint8_t *arena = __atomic_load_n(&ring.arena, __ATOMIC_ACQUIRE);
	uint64_t offset = __atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED);

	/* Compare and swap rather than add: a record that does not fit must not use up what is left. */
	do {
		if (size > ring.arena_bytes || offset > ring.arena_bytes - size) {
			ring_count(&ring.control->arena_full);
			return NULL;
		}
	} while (!__atomic_compare_exchange_n(&ring.control->arena_used, &offset, offset + size,
	                                      true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (!make_ready(arena, &ring.arena_ready, offset + size, 1, ring.arena_bytes)) {
		ring_count(&ring.control->arena_full);
		return NULL;
	}
	*id = (uint32_t)(offset / VMAT_RECORD_ALIGN);
	return arena + offset;
}

void ring_return(const void *record, uint64_t reserved, uint64_t used)
{
	uint64_t align = VMAT_RECORD_ALIGN - 1;
	uint64_t offset = (uint64_t)((const uint8_t *)record - ring.arena);
	uint64_t end = offset + ((reserved + align) & ~align);

	__builtin_memset(ring.arena + offset + used, 0, reserved - used);
	__atomic_compare_exchange_n(&ring.control->arena_used, &end,
	                            offset + ((used + align) & ~align), false, __ATOMIC_ACQ_REL,
	                            __ATOMIC_RELAXED);
}

bool ring_make_slots_ready(uint64_t slots)
{
	uint64_t goal = slots < ring.slot_count ? slots : ring.slot_count;

	return make_ready((uint8_t *)ring.slots, &ring.slots_ready, goal, VMAT_SLOT_BYTES,
	                  ring.slot_count);
}

bool ring_overlaps(uint64_t start, uint64_t length)
{
	uint64_t map = (uint64_t)ring.header;

	return start < map + ring.map_bytes && start + length > map;
}
