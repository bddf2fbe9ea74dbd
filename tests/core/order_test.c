/*
 * order_test: a kernel that is simulated, so that the true order is known. Threads load the head, act at one
 * instant, draw a number; the order must replay the acts without one impossible page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/order.h"
#include "core/walk.h"

enum { PAGE = 4096, THREADS = 6, SLOTS = 64, EVENTS = 40000 };

/* --- a simulated process ------------------------------------------------------------------------------ */

enum stage { IDLE, ENTERED, ACTED };

struct thread {
	enum stage stage;
	struct event event;
	uint64_t slot; /* of the address space */
	uint64_t to;   /* mremap: where to */
};

struct process {
	struct thread threads[THREADS];
	uint32_t owner[SLOTS]; /* 0 free, else the thread that mapped it and knows it, + 1 */
	bool busy[SLOTS];      /* a call that owns it is under way */
	uint64_t head;
	uint64_t random;
	uint64_t window;
	struct event events[EVENTS + THREADS];
	size_t count;
	size_t next;
};

static uint64_t pick(struct process *process, uint64_t below)
{
	process->random ^= process->random << 13;
	process->random ^= process->random >> 7;
	process->random ^= process->random << 17;
	return (process->random >> 20) % below;
}

static uint64_t free_slot(struct process *process)
{
	uint64_t slot = pick(process, SLOTS);

	while (process->owner[slot])
		slot = (slot + 1) % SLOTS;
	return slot;
}

static bool find_owned(struct process *process, uint32_t thread, uint64_t *slot)
{
	uint64_t from = pick(process, SLOTS);

	for (uint64_t i = 0; i < SLOTS; i++) {
		*slot = (from + i) % SLOTS;
		if (process->owner[*slot] == thread + 1 && !process->busy[*slot])
			return true;
	}
	return false;
}

static size_t used_slots(const struct process *process)
{
	size_t used = 0;

	for (size_t i = 0; i < SLOTS; i++)
		used += process->owner[i] != 0;
	return used;
}

static void enter(struct process *process, uint32_t number)
{
	struct thread *thread = &process->threads[number];
	/* Never so many that all threads could wait for room. */
	bool room = used_slots(process) + 2 * THREADS < SLOTS;
	uint64_t choice = room ? pick(process, 4) : 2;

	if (!room && !find_owned(process, number, &thread->slot))
		return;
	thread->event = (struct event) { .enter = process->head, .tid = number + 1 };
	thread->stage = ENTERED;
	if (choice < 2 || !find_owned(process, number, &thread->slot)) {
		thread->event.call = CALL_MMAP;
		return;
	}
	process->busy[thread->slot] = true;
	thread->event.call = choice == 2 ? CALL_MUNMAP : CALL_MREMAP;
	thread->event.args[0] = thread->slot * PAGE;
	thread->event.args[1] = PAGE;
	thread->event.args[2] = PAGE;
	thread->event.args[3] = choice == 2 ? 0 : 1;
}

/* The instant at which the kernel does it. */
static void act(struct process *process, uint32_t number)
{
	struct thread *thread = &process->threads[number];
	bool moves = thread->event.call == CALL_MREMAP;

	thread->stage = ACTED;
	if (thread->event.call != CALL_MMAP && !moves) {
		process->owner[thread->slot] = 0;
		process->busy[thread->slot] = false;
		return;
	}
	thread->to = free_slot(process); /* what mremap moves from is not free yet */
	if (moves) {
		process->owner[thread->slot] = 0;
		process->busy[thread->slot] = false;
	} else {
		thread->event.args[1] = PAGE;
		thread->event.args[3] = 0x22;
	}
	process->owner[thread->to] = number + 1;
	process->busy[thread->to] = true; /* until it returned, nobody knows the address */
	thread->event.result = thread->to * PAGE;
}

static void leave(struct process *process, uint32_t number)
{
	struct thread *thread = &process->threads[number];

	thread->event.exit = thread->event.seq = process->head++;
	if (thread->event.call != CALL_MUNMAP)
		process->busy[thread->to] = false;
	if (thread->event.exit - thread->event.enter > process->window)
		process->window = thread->event.exit - thread->event.enter;
	process->events[process->count++] = thread->event;
	thread->stage = IDLE;
}

static void simulate(struct process *process, uint64_t seed)
{
	memset(process, 0, sizeof(*process));
	process->random = seed;
	for (bool active = true; process->count < EVENTS || active;) {
		/* The first thread is slow: its calls overlap many others. */
		uint32_t number = (uint32_t)pick(process, THREADS);
		struct thread *thread = &process->threads[number];

		active = false; /* at the end, all that began returns */
		for (uint32_t i = 0; i < THREADS; i++)
			active |= process->threads[i].stage != IDLE;
		if (number == 0 && pick(process, 20))
			continue;
		if (thread->stage == IDLE && process->count < EVENTS)
			enter(process, number);
		else if (thread->stage == IDLE)
			continue;
		else if (thread->stage == ENTERED)
			act(process, number);
		else
			leave(process, number);
	}
}

static bool next_event(void *self, struct event *event)
{
	struct process *process = self;

	if (process->next == process->count)
		return false;
	*event = process->events[process->next++];
	return true;
}

/* --- the tests ---------------------------------------------------------------------------------------- */

static void orders_what_threads_did(void **state)
{
	static struct process process;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct snapshot base = { 0 };
		struct walk_input input = {
			.events = { next_event, &process },
			.snapshots = &base,
			.snapshot_count = 1,
			.page_bytes = PAGE,
		};
		const struct walk_observer observer = { 0 };
		struct walk *walk;

		simulate(&process, seed * 1000003);
		input.window = process.window;
		walk = walk_new(&input);
		assert_int_equal(walk_run(walk, &observer), WALK_DONE);
		assert_int_equal(walk_totals(walk)->events, process.count);
		assert_int_equal(walk_totals(walk)->impossible, 0);
		walk_free(walk);
	}
}

struct list {
	const struct event *events;
	size_t count;
	size_t next;
};

static bool next_of_list(void *self, struct event *event)
{
	struct list *list = self;

	if (list->next == list->count)
		return false;
	*event = list->events[list->next++];
	return true;
}

static struct event call(uint16_t id, uint64_t enter_at, uint64_t exit_at, uint32_t tid)
{
	struct event event = {
		.seq = exit_at, .enter = enter_at, .exit = exit_at, .tid = tid, .call = id
	};

	event.args[0] = 0x10000;
	event.args[1] = 0x1000;
	return event;
}

static enum order_status take_next(struct order *order, struct ordered *ordered)
{
	enum order_status status = order_peek(order, ordered);

	if (status == ORDER_SOME)
		order_take(order);
	return status;
}

static void keys_rise_and_halves_come_in_order(void **state)
{
	static struct process process;
	struct event_source source = { next_event, &process };
	struct order *order;
	struct ordered ordered;
	uint64_t last = 0;
	size_t halves[3] = { 0 };

	(void)state;
	simulate(&process, 4711);
	order = order_new(&source, process.window, PAGE);
	while (take_next(order, &ordered) == ORDER_SOME) {
		assert_true(ordered.key >= last);
		last = ordered.key;
		halves[ordered.half]++;
	}
	assert_int_equal(halves[ORDER_RELEASE], halves[ORDER_ACQUIRE]);
	assert_int_equal(halves[ORDER_WHOLE] + halves[ORDER_RELEASE], process.count);
	assert_true(halves[ORDER_RELEASE] > 0);
	order_free(order);
}

/* What is read ahead is bounded by the window, not by the trace. */
static void reads_no_further_than_the_window(void **state)
{
	static struct process process;
	struct event_source source = { next_event, &process };
	struct order *order;
	struct ordered ordered;
	size_t taken = 0;

	(void)state;
	simulate(&process, 99);
	order = order_new(&source, process.window, PAGE);
	while (take_next(order, &ordered) == ORDER_SOME) {
		taken += ordered.half != ORDER_RELEASE;
		assert_true(process.next <= taken + 2 * process.window + 2);
	}
	order_free(order);
}

/* And where it is to be, what is looked for meanwhile has the time it was promised. */
static void reads_as_far_ahead_as_it_is_told(void **state)
{
	enum { AHEAD = 100, CALLS = 1000 };
	static struct event events[CALLS];
	struct list list = { events, CALLS, 0 };
	struct event_source source = { next_of_list, &list };
	struct order *order = order_new(&source, 0, PAGE);
	struct ordered ordered;
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < CALLS; i++)
		events[i] = call(CALL_MMAP, i, i, 1);
	order_read_ahead(order, AHEAD);
	while (take_next(order, &ordered) == ORDER_SOME) {
		taken++;
		assert_true(list.next == CALLS || list.next >= taken + AHEAD);
		assert_true(list.next <= taken + AHEAD + AHEAD / 2);
	}
	assert_int_equal(taken, CALLS);
	order_free(order);
}

static void peeks_without_taking(void **state)
{
	const struct event events[] = { call(CALL_MUNMAP, 0, 0, 1), call(CALL_MMAP, 1, 1, 1) };
	struct list list = { events, 2, 0 };
	struct event_source source = { next_of_list, &list };
	struct order *order = order_new(&source, 0, PAGE);
	struct ordered ordered;

	(void)state;
	assert_int_equal(order_peek(order, &ordered), ORDER_SOME);
	assert_int_equal(ordered.key, 0);
	assert_int_equal(order_peek(order, &ordered), ORDER_SOME);
	assert_int_equal(ordered.event->call, CALL_MUNMAP);
	assert_int_equal(take_next(order, &ordered), ORDER_SOME);
	assert_int_equal(ordered.event->call, CALL_MUNMAP);
	assert_int_equal(take_next(order, &ordered), ORDER_SOME);
	assert_int_equal(ordered.key, 3);
	assert_int_equal(take_next(order, &ordered), ORDER_END);
	assert_int_equal(order_peek(order, &ordered), ORDER_END);
	order_free(order);
}

static void calls_in_flight_come_last(void **state)
{
	struct event events[3] = { call(CALL_MMAP, 0, 5, 1), call(CALL_MUNMAP, 1, EXIT_NEVER, 2),
		                   call(CALL_MREMAP, 2, EXIT_NEVER, 3) };
	struct list list = { events, 3, 0 };
	struct event_source source = { next_of_list, &list };
	struct order *order = order_new(&source, 5, PAGE);
	struct ordered ordered;

	(void)state;
	for (size_t i = 1; i < 3; i++) {
		events[i].in_flight = true;
		events[i].seq = SEQ_IN_FLIGHT + i;
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(take_next(order, &ordered), ORDER_SOME);
		assert_int_equal(ordered.event->seq, events[i].seq);
		assert_int_equal(ordered.half, ORDER_WHOLE);
	}
	assert_int_equal(take_next(order, &ordered), ORDER_END);
	order_free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_what_threads_did),
		cmocka_unit_test(keys_rise_and_halves_come_in_order),
		cmocka_unit_test(reads_no_further_than_the_window),
		cmocka_unit_test(reads_as_far_ahead_as_it_is_told),
		cmocka_unit_test(peeks_without_taking),
		cmocka_unit_test(calls_in_flight_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
