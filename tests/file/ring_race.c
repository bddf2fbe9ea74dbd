/*
 * ring_race: the recorder's ring, arena and depot, with threads that lap each other all the time, and one that
 * reads beside them as the analyzer does. Built with ThreadSanitizer: what may be written over while it is read
 * must be atomic. What is read whole must be what was written, and a stack that of its event.
 *
 *     ring_race [EVENTS]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "depot.h"
#include "real.h"
#include "recorder.h"
#include "ring.h"

enum {
	WRITERS = 4,
	SLOTS = 64,
	ARENA = 64 << 10,
	STACKS = 1000, /* more than the arena holds */
	FRAMES = 12,
	SNAPSHOT = 1000,
};

static uint64_t events = 30000;
static uint32_t alive = 1;
static uint64_t done, snapshots;
static uint64_t whole, stale, wrong, with_stack, without_stack;

struct real real = { .clock_gettime = clock_gettime };

/* The recorder's event for a call of its own: here nothing makes one. */
void recorder_internal(struct vmat_event *event)
{
	(void)event;
	abort();
}

static uint64_t mix(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15u;
	return number ^ (number >> 29);
}

static void make_ring(void)
{
	uint8_t *memory = aligned_alloc(4096, 8192 + ARENA + SLOTS * VMAT_SLOT_BYTES);

	memset(memory, 0, 8192 + ARENA + SLOTS * VMAT_SLOT_BYTES);
	ring = (struct ring) {
		.header = (struct vmat_header *)(void *)memory,
		.control = (struct vmat_control *)(void *)(memory + 4096),
		.arena = memory + 8192,
		.slots = (struct vmat_event *)(void *)(memory + 8192 + ARENA),
		.arena_bytes = ARENA,
		.arena_half = ARENA / 2,
		.arena_limit = { ARENA / 2, ARENA / 2 },
		.arena_ready = { ARENA / 2, ARENA / 2 },
		.slot_count = SLOTS,
		.slots_ready = SLOTS,
		.snapshot_at = SLOTS / 4,
		.lap_soft = ARENA / 8,
		.laps = true,
	};
	ring.control->arena_used = VMAT_RECORD_ALIGN;
	depot_init(calloc(1, depot_memory_bytes()));
}

static void take_snapshot(void)
{
	uint32_t id;
	char *payload = depot_begin(SNAPSHOT, &id);

	if (!payload)
		return;
	/* The kernel writes it: no thread does. Nobody reads it here. */
	depot_finish(payload, id, VMAT_RECORD_MAPS, SNAPSHOT, SNAPSHOT / 2);
	arena_snapshot_taken(SNAPSHOT);
	__atomic_fetch_add(&snapshots, 1, __ATOMIC_RELAXED);
}

static void *writer(void *number)
{
	for (uint64_t n = 0; n < events; n++) {
		uint64_t pcs[FRAMES];
		uint64_t stack = mix(n * WRITERS + (uintptr_t)number) % STACKS;
		struct vmat_event event = { .args = { stack, mix(stack), n }, .call = CALL_MMAP };

		for (size_t i = 0; i < FRAMES; i++)
			pcs[i] = mix(stack + i);
		event.enter = ring_head();
		event.stack = depot_stack(pcs, FRAMES);
		if (ring_put(&event, &alive))
			take_snapshot();
	}
	__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* As analyzer/io does: the words, then whether they are still what they were. */
static void copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		((uint64_t *)to)[i] = __atomic_load_n((const uint64_t *)from + i, __ATOMIC_RELAXED);
}

static void check_stack(const struct vmat_event *event)
{
	struct {
		struct vmat_record record;
		uint64_t pcs[FRAMES];
	} stack;
	uint8_t high;
	uint64_t offset = (uint64_t)(event->stack & 0xffffff) * VMAT_RECORD_ALIGN;

	if (!event->stack || offset > ARENA - sizeof(stack)) {
		wrong += event->stack != 0;
		return;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	copy(&stack, ring.arena + offset, sizeof(stack));
	high = (uint8_t)(stack.record.lap >> 8);
	if (stack.record.type != VMAT_RECORD_STACK || stack.record.bytes != sizeof(stack.pcs) ||
	    (stack.record.lap & 0xff) != event->stack >> VMAT_ID_LAP_SHIFT ||
	    (high != event->lap && high != (uint8_t)(event->lap - 1)) ||
	    ring_crc(stack.record.type ^ stack.record.lap, stack.pcs, sizeof(stack.pcs)) !=
	            stack.record.crc) {
		without_stack++;
		return;
	}
	with_stack++;
	for (size_t i = 0; i < FRAMES; i++)
		wrong += stack.pcs[i] != mix(event->args[0] + i);
}

static void check_slot(uint64_t seq)
{
	const struct vmat_event *slot = &ring.slots[seq % SLOTS];
	struct vmat_event event;
	uint64_t stamp = __atomic_load_n(&slot->stamp, __ATOMIC_ACQUIRE);

	copy(&event, slot, sizeof(event));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (stamp != seq + 1 || __atomic_load_n(&slot->stamp, __ATOMIC_RELAXED) != stamp ||
	    ring_crc((uint32_t)seq, &event.time, 116) != event.crc) {
		stale++;
		return;
	}
	whole++;
	wrong += event.args[1] != mix(event.args[0]) || event.enter > seq;
	check_stack(&event);
}

static void read_all(void)
{
	uint64_t head = ring_head();

	for (uint64_t seq = head > SLOTS ? head - SLOTS : 0; seq < head; seq++)
		check_slot(seq);
}

/* One that has its number, and is overtaken by a lap before it stores: what took its place stays. */
static void be_overtaken(void)
{
	struct vmat_event late = { .args = { 1, mix(1) }, .call = CALL_MMAP };
	struct vmat_event other = { .args = { 2, mix(2) }, .call = CALL_MMAP };
	uint64_t seq = ring_draw();

	for (int i = 0; i < SLOTS; i++)
		ring_put(&other, &alive);
	ring_store(&late, seq, &alive);
	if (ring.slots[seq % SLOTS].stamp != seq + SLOTS + 1) {
		printf("an event was written over by an older one\n");
		wrong++;
	}
}

/* The first record of all, overtaken by two laps before it is finished: what took its place stays. */
static void finish_late(void)
{
	struct {
		struct vmat_record record;
		uint64_t pcs[FRAMES];
	} before, after;
	uint64_t pcs[FRAMES] = { 0 };
	uint32_t late, other = 0;
	char *payload = depot_begin(sizeof(pcs), &late);

	while (payload && arena_lap() < 2) {
		pcs[0]++;
		other = depot_stack(pcs, FRAMES);
	}
	if (!payload || other != (late | 2u << VMAT_ID_LAP_SHIFT)) {
		printf("no record took the place of the first\n");
		wrong++;
		return;
	}
	copy(&before, payload - sizeof(struct vmat_record), sizeof(before));
	depot_finish(payload, late, VMAT_RECORD_MAPS, sizeof(pcs), 8);
	copy(&after, payload - sizeof(struct vmat_record), sizeof(after));
	if (memcmp(&before, &after, sizeof(before)) || before.record.type != VMAT_RECORD_STACK) {
		printf("a record was finished in the place of another\n");
		wrong++;
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[WRITERS];
	uint64_t total, made;

	if (argc > 1)
		events = strtoul(argv[1], NULL, 10);
	make_ring();
	finish_late();
	for (size_t i = 0; i < WRITERS; i++)
		if (pthread_create(&threads[i], NULL, writer, (void *)i))
			return 2;
	while (__atomic_load_n(&done, __ATOMIC_RELAXED) < WRITERS)
		read_all();
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	total = whole;
	read_all();
	made = ring_head();
	be_overtaken();
	printf("%lu events in %lu laps, %u laps of the arena, %lu snapshots; read %lu whole, %lu "
	       "not; "
	       "%lu stacks, %lu written over; %lu wrong; at the end %lu of %d whole\n",
	       made, made / SLOTS, arena_lap(), snapshots, whole, stale, with_stack, without_stack,
	       wrong, whole - total, SLOTS);
	return wrong || !total || !with_stack || arena_lap() < 10 || made != WRITERS * events;
}
