/*
 * recorder.c: one event from begin to end, and the order of events.
 *
 * Order. The kernel serialises VMA changes per address space, user space does not learn the order. One
 * counter, the ring's head H, only ever rises:
 *
 *     enter  an acquire load of H just before the system call
 *     exit   the draw (atomic add) of the event's slot just after it; the slot's number
 *
 * Let release R free pages that acquire A then gets. The kernel did R before A, through mmap_lock; R's load
 * of H came before R, A's draw after A, so the load precedes the draw: enter(R) <= exit(A). Let R' release
 * A's mapping, knowing its address: A had returned, its draw was over, so enter(R') >= exit(A) + 1. Sorting
 * releases by 2 * enter and acquires by 2 * exit + 1 therefore contradicts the kernel for no program that
 * is free of races. No clock is ever used for order.
 */
#include "recorder.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "depot.h"
#include "early.h"
#include "evidence.h"
#include "in_flight.h"
#include "modules_table.h"
#include "raw_syscall.h"
#include "readable.h"
#include "ring.h"
#include "sites.h"
#include "snapshot.h"
#include "stacks.h"
#include "threads.h"

enum {
	TEXT_BYTES = 256,
	STACK_END_BYTES = 64 << 10, /* more than libc leaves of a thread's stack at its end */
};

/* The thread-local memory of the library, but for a word of the walk's; design: 256 bytes at most, initial-exec. */
static __thread struct {
	uint32_t depth; /* events begun and not ended */
	uint32_t tid;
	uint32_t generation; /* address_space.generation for which tid is right */
	int32_t own;         /* above 0: its calls are the recorder's own */
	uint32_t events;     /* of this thread in this trace */
	uint64_t outer_sp;   /* stack pointer of the innermost event begun */
	uint64_t seen;       /* behind the slot of its last event */
	struct awaited awaited;
} thread __attribute__((tls_model("initial-exec")));

/* A fork child's threads have other ids than the cached ones: the generation tells. In a sandbox: the process. */
static uint32_t thread_id(void)
{
	if (thread.tid == 0 || thread.generation != address_space.generation) {
		long tid = RAW_1(SYS_gettid, 0);

		thread.tid = raw_failed(tid) ? address_space.pid : (uint32_t)tid;
		thread.generation = address_space.generation;
		thread.events = 0;
	}
	return thread.tid;
}

void recorder_own_calls(int change)
{
	__atomic_fetch_add(&address_space.own_calls, (uint32_t)change, __ATOMIC_RELAXED);
	thread.own += change;
}

bool recorder_is_inside(void)
{
	return thread.depth != 0;
}

bool recorder_calls_are_own(void)
{
	return thread.own > 0;
}

/*
 * True if a longjmp has left for good the event whose caller had this frame. On one stack: this event's frame is at
 * or above that one's. An alternate stack may lie anywhere; what a handler there interrupted it returns into, and
 * who is not there any more has left all that was begun there.
 */
static bool is_gone(uint64_t frame, const struct frame_registers *caller)
{
	stack_t alternate;
	bool here, there;

	if (raw_failed(RAW_2(SYS_sigaltstack, NULL, &alternate)))
		return caller->sp >= frame;
	here = caller->sp - (uint64_t)alternate.ss_sp <= alternate.ss_size;
	there = frame - (uint64_t)alternate.ss_sp <= alternate.ss_size;
	return here == there ? caller->sp >= frame : there;
}

/* As it was when the handler that came in between began its first event. */
static void await_again(struct vmat_in_flight *entry)
{
	thread.awaited = (struct awaited) {
		.sp = entry->frame & ~(uint64_t)IN_FLIGHT_AWAITS,
		.enter = entry->enter,
		.time = entry->time,
		.duration = ring_ticks() - entry->time,
		.seq = entry->slot - 1,
		.in_flight = entry,
		.reached = entry->slot != 0,
	};
}

/*
 * A jump has left the innermost event. Those that are gone with it become events of their own kind; the thread is
 * in the innermost of the others again, if a handler has jumped within itself.
 */
static void leave_behind(const struct frame_registers *caller)
{
	uint32_t tid = thread_id();
	struct vmat_in_flight *inner = NULL;
	uint32_t depth = 0;

	for (unsigned probe = 0; probe < IN_FLIGHT_PROBES; probe++) {
		struct vmat_in_flight *entry = in_flight_place(tid, probe);

		if (__atomic_load_n(&entry->owner, __ATOMIC_RELAXED) >> 1 != tid)
			continue;
		if (is_gone(entry->frame & ~(uint64_t)IN_FLIGHT_AWAITS, caller)) {
			in_flight_leave(entry);
			continue;
		}
		depth++;
		if (!inner || entry->frame < inner->frame)
			inner = entry;
	}
	thread.awaited.sp = 0;
	if (inner) {
		thread.outer_sp = inner->frame & ~(uint64_t)IN_FLIGHT_AWAITS;
		if (inner->frame & IN_FLIGHT_AWAITS)
			await_again(inner);
	}
	__atomic_signal_fence(__ATOMIC_RELEASE);
	thread.depth = depth;
}

/* The thread is in this event from here on; what it was in goes into the recording. */
static void enter_event(struct recording *recording, const struct frame_registers *caller)
{
	if (thread.depth && is_gone(thread.outer_sp, caller))
		leave_behind(caller);
	recording->depth = thread.depth;
	recording->outer_sp = thread.outer_sp;
	/*
	 * All of it, awaited or not: the event that a handler interrupts may be about to say what it awaits, and
	 * must find that as it had put it.
	 */
	recording->outer = thread.awaited;
	/* In this order for a handler that comes in between: it must not find a depth with an old sp. */
	thread.outer_sp = caller->sp;
	thread.awaited.sp = 0;
	__atomic_signal_fence(__ATOMIC_RELEASE);
	thread.depth = recording->depth + 1;
}

/* What libc gives a thread of thread-local memory lies at the end of its stack, but for the first thread's. */
static void note_thread(uint32_t tid, enum threads_why why)
{
	threads_note(tid, tid == address_space.pid ? 0 : (uint64_t)&thread, why);
}

void recorder_thread_is_named(void)
{
	if (address_space.state && address_space_alive())
		note_thread(thread_id(), THREADS_AGAIN);
}

/* A thread that ends gives back what it used of its stack below where it stands (glibc: advise_stack_range()). */
static bool ends_thread(const struct vmat_event *event, const struct frame_registers *caller)
{
	return event->via == VMAT_VIA_SITE && event->call == CALL_MADVISE &&
	       event->args[2] == MADV_DONTNEED &&
	       caller->sp - (event->args[0] + event->args[1]) < STACK_END_BYTES;
}

/* The name of a thread is looked at with its first, second, fourth, ... event: it cannot be known when it changes. */
static void meet_thread(const struct vmat_event *event, const struct frame_registers *caller)
{
	uint32_t events = ++thread.events;

	if (event->call == CALL_MMAP && event->args[3] & MAP_STACK)
		threads_expect();
	/* The first thread has the program's name until it is given another one. */
	if (event->tid == address_space.pid)
		return;
	if (ends_thread(event, caller))
		note_thread(event->tid, THREADS_LAST);
	else if ((events & (events - 1)) == 0)
		note_thread(event->tid, events == 1 ? THREADS_FIRST : THREADS_AGAIN);
}

static void fill_event(struct vmat_event *event, enum vmat_via via, enum call_id call,
                       const struct frame_registers *caller, const struct words *words)
{
	__builtin_memcpy(event->args, words->word, sizeof(event->args));
	event->caller = caller->pc;
	event->tid = thread_id();
	event->stack = event->object = event->rows = 0;
	event->error = 0;
	event->call = (uint16_t)call;
	event->flags = thread.depth > 1 ? VMAT_EVENT_NESTED : 0;
	event->via = (uint8_t)via;
	__builtin_memset(event->reserved, 0, sizeof(event->reserved));
	if (thread.own || modules_are_own(caller->pc)) {
		event->flags = VMAT_EVENT_INTERNAL;
		return;
	}
	meet_thread(event, caller);
	stacks_take(event, caller);
}

void recorder_begin_via(struct recording *recording, enum vmat_via via, enum call_id call,
                        const struct frame_registers *caller, const struct words *words)
{
	struct vmat_event *event = &recording->event;
	bool awaits;
	int saved;

	recording->recording = false;
	if (!address_space_has_begun()) {
		early_call();
		return;
	}
	if (__builtin_expect(address_space_is_off(), 0))
		return;
	saved = errno;
	if (!address_space_enter()) {
		errno = saved;
		return;
	}
	recording->recording = true;
	recording->control = ring.control;
	ring_expect();
	enter_event(recording, caller);
	fill_event(event, via, call, caller, words);
	recording->rows_wanted = false;
	evidence_before(recording);
	awaits = via == VMAT_VIA_WRAPPER && sites_cover(event->call);
	recording->in_flight = in_flight_claim(event->tid, recording->depth == 0);
	in_flight_fill(recording->in_flight, event,
	               awaits ? caller->sp | IN_FLIGHT_AWAITS : caller->sp);
	/* Last: what libc was asked for above is no answer to the program's call. */
	if (awaits) {
		/* The site tells the moment, which is nearer to the system call than this one. */
		thread.awaited.in_flight = recording->in_flight;
		thread.awaited.reached = false;
		thread.awaited.sp = caller->sp;
	} else {
		event->time = ring_ticks();
		event->enter = ring_head();
		in_flight_publish(recording->in_flight, event->time, event->enter);
	}
	errno = saved;
}

/* The program's pointer may be bad: that is for the kernel to say, with EFAULT, not for us to crash on. */
static size_t copy_text(char *buffer, size_t bytes, const char *from)
{
	size_t filled = 0;

	for (; filled < bytes; filled++) {
		const char *at = from + filled;

		if ((filled == 0 || (uint64_t)at % 4096 == 0) && !readable((uint64_t)at))
			break;
		buffer[filled] = *at;
		if (*at == '\0')
			break;
	}
	return filled;
}

void recorder_text(struct recording *recording, const char *text)
{
	char buffer[TEXT_BYTES];
	size_t bytes;

	if (!recording->recording || !text)
		return;
	bytes = copy_text(buffer, sizeof(buffer), text);
	recording->event.object = depot_string(buffer, bytes);
	if (recording->in_flight)
		recording->in_flight->object = recording->event.object;
}

void recorder_leave(struct recording *recording)
{
	if (!recording->recording)
		return;
	thread.depth = recording->depth;
	thread.outer_sp = recording->outer_sp;
	thread.awaited = recording->outer;
}

/* --- one event for one call ---------------------------------------------------------------------------- */

bool recorder_awaits_site(const struct frame_registers *caller)
{
	const struct awaited *awaited = &thread.awaited;

	if (!awaited->sp || awaited->reached || caller->sp > awaited->sp || !address_space_alive())
		return false;
	return sites_in_library(caller->pc) || unwind_reaches(caller, sites_in_library);
}

void recorder_awaits_none(struct recording *recording)
{
	if (!recording->recording || !thread.awaited.sp)
		return;
	thread.awaited.sp = 0;
	if (recording->in_flight)
		recording->in_flight->frame &= ~(uint64_t)IN_FLIGHT_AWAITS;
	recording->event.time = ring_ticks();
	recording->event.enter = ring_head();
	in_flight_publish(recording->in_flight, recording->event.time, recording->event.enter);
}

void recorder_site_begins(void)
{
	struct awaited *awaited = &thread.awaited;

	awaited->time = ring_ticks();
	awaited->enter = ring_head();
	in_flight_publish(awaited->in_flight, awaited->time, awaited->enter);
}

void recorder_site_ends(void)
{
	struct awaited *awaited = &thread.awaited;

	awaited->duration = ring_ticks() - awaited->time;
	/* The draw belongs here, just behind the system call; the event is stored when the wrapper ends. */
	awaited->seq = address_space_alive() ? ring_draw() : RING_NO_SLOT;
	in_flight_drawn(awaited->in_flight, awaited->seq);
	/* Last: a jump out of a handler that comes in between must not find the number of an older one. */
	__atomic_signal_fence(__ATOMIC_RELEASE);
	awaited->reached = true;
}

void recorder_put_now(struct recording *recording)
{
	uint32_t claimed;

	if (!recording->recording)
		return;
	claimed = recording->event.tid; /* the parent's: that is what the child found */
	recording->event.flags |= VMAT_EVENT_CHILD;
	recording->event.tid = (uint32_t)RAW_1(SYS_gettid, 0);
	if (ring_put(&recording->event, address_space.state))
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
	in_flight_release(recording->in_flight, claimed);
}

uint64_t recorder_seen(void)
{
	return thread.seen;
}

/*
 * False in a fork child that came back from its parent's handler into this event, whether it has begun a
 * trace of its own meanwhile or not: the event is the parent's, who records it too. False after giving up.
 */
static bool still_ours(const struct recording *recording)
{
	return address_space_alive() && recording->control == ring.control;
}

/*
 * The slot of the event, drawn as near to the system call as it was known; RING_NO_SLOT: there is nothing to
 * store, as for a wrapper that has a site and did not come by it (sbrk(0)).
 */
static uint64_t draw(struct recording *recording)
{
	const struct awaited *awaited = &thread.awaited;
	struct vmat_event *event = &recording->event;
	uint64_t seq;

	if (!awaited->sp) {
		event->duration = ring_ticks() - event->time;
		seq = ring_draw();
		in_flight_drawn(recording->in_flight, seq);
		return seq;
	}
	if (!awaited->reached)
		return RING_NO_SLOT;
	event->time = awaited->time;
	event->enter = awaited->enter;
	event->duration = awaited->duration;
	return awaited->seq;
}

void recorder_end_with(struct recording *recording, uint64_t result, int error)
{
	struct vmat_event *event = &recording->event;
	bool due = false;
	int saved;

	if (!recording->recording)
		return;
	saved = errno;
	event->result = result;
	event->error = error;
	if (error)
		event->flags |= VMAT_EVENT_FAILED;
	if (still_ours(recording)) {
		/* Before the evidence, for which pages of the arena may be populated: that call came later. */
		uint64_t seq = draw(recording);

		thread.seen = seq + 1; /* RING_NO_SLOT: it is not known any more */
		if (seq != RING_NO_SLOT)
			evidence_after(recording, seq);
		/* Again: reading rows takes its time. If a handler forked, the slot is the parent's to fill. */
		if (still_ours(recording))
			due = ring_store(event, seq, address_space.state);
		if (seq != RING_NO_SLOT && threads_are_due(seq))
			threads_look();
	}
	/* Where recording has stopped meanwhile, that it ended is not known: it may have been done, or not. */
	if (address_space_alive() && !ring_has_stopped())
		in_flight_release(recording->in_flight, recording->event.tid);
	if (due)
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
	recorder_leave(recording);
	errno = saved;
}

void recorder_end(struct recording *recording, uint64_t result, bool failed)
{
	if (recording->recording)
		recorder_end_with(recording, result, failed ? errno : 0);
}

void recorder_internal(struct vmat_event *event)
{
	event->tid = thread_id();
	event->flags |= VMAT_EVENT_INTERNAL;
	event->via = VMAT_VIA_WRAPPER;
	ring_put(event, address_space.state);
}
