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
#include <sys/syscall.h>

#include "address_space.h"
#include "arena.h"
#include "depot.h"
#include "evidence.h"
#include "modules_table.h"
#include "raw_syscall.h"
#include "ring.h"
#include "sites.h"
#include "snapshot.h"

enum {
	IN_FLIGHT_PROBES = 4,
	TEXT_BYTES = 256,
};

/* The only thread-local memory of the library; design: 256 bytes at most, initial-exec. */
static __thread struct {
	uint32_t depth; /* events begun and not ended */
	uint32_t tid;
	uint32_t generation; /* address_space.generation for which tid is right */
	int32_t own;         /* above 0: its calls are the recorder's own */
	uint64_t outer_sp;   /* stack pointer of the innermost event begun */
	struct awaited awaited;
} thread __attribute__((tls_model("initial-exec")));

/* A fork child's threads have other ids than the cached ones: the generation tells. In a sandbox: the process. */
static uint32_t thread_id(void)
{
	if (thread.tid == 0 || thread.generation != address_space.generation) {
		long tid = RAW_1(SYS_gettid, 0);

		thread.tid = raw_failed(tid) ? address_space.pid : (uint32_t)tid;
		thread.generation = address_space.generation;
	}
	return thread.tid;
}

void recorder_own_calls(int change)
{
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
 * Claims an entry for the length of the call, near tid's place in the table: no registration, nothing to
 * clean up when the thread ends. None free among a few: the call is only recorded when it returns. An
 * entry of this thread's that no live event holds (`outermost`) was left behind by a longjmp: taken over.
 */
static struct vmat_in_flight *claim_in_flight(uint32_t tid, bool outermost)
{
	uint64_t filling = (uint64_t)tid << 1;

	for (unsigned probe = 0; probe < IN_FLIGHT_PROBES; probe++) {
		struct vmat_in_flight *entry =
			&ring.in_flight[(tid + probe * 127) % VMAT_IN_FLIGHT_COUNT];
		uint64_t owner = __atomic_load_n(&entry->owner, __ATOMIC_RELAXED);
		bool left_behind = outermost && owner >> 1 == tid;

		if ((owner == 0 || left_behind) &&
		    __atomic_compare_exchange_n(&entry->owner, &owner, filling, false,
		                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return entry;
	}
	ring_count(&ring.control->in_flight_full);
	return NULL;
}

static void fill_in_flight(const struct recording *recording)
{
	struct vmat_in_flight *entry = recording->in_flight;
	const struct vmat_event *event = &recording->event;

	if (!entry)
		return;
	entry->time = event->time;
	entry->enter = event->enter;
	__builtin_memcpy(entry->args, event->args, sizeof(entry->args));
	entry->caller = event->caller;
	entry->tid = event->tid;
	entry->stack = event->stack;
	entry->object = event->object;
	entry->call = event->call;
	entry->flags = event->flags;
	entry->via = event->via;
	entry->lap = (uint8_t)(arena_lap() >> 8);
	__atomic_store_n(&entry->owner, (uint64_t)event->tid << 1 | 1, __ATOMIC_RELEASE);
}

/*
 * Only while it is this event's. One that this thread has taken over since may be another thread's by now, but
 * then it does not bear this thread's number.
 */
static void release_in_flight(const struct recording *recording)
{
	struct vmat_in_flight *entry = recording->in_flight;

	if (entry && __atomic_load_n(&entry->owner, __ATOMIC_RELAXED) >> 1 == recording->event.tid)
		__atomic_store_n(&entry->owner, 0, __ATOMIC_RELEASE);
}

static void take_stack(struct vmat_event *event, const struct frame_registers *caller)
{
	const struct vmat_header *header = ring.header;
	uint64_t pcs[VMAT_DEPTH_LIMIT];
	size_t count;

	if (header->stack_mode == VMAT_STACK_NONE) {
		event->flags |= VMAT_EVENT_STACK_UNKNOWN;
		return;
	}
	/* Frame pointers would be guesses here: libraries are built without them. The caller is certain. */
	if (header->stack_mode == VMAT_STACK_CFI && !address_space.libc_is_ready) {
		event->flags |= VMAT_EVENT_EARLY | VMAT_EVENT_STACK_TRUNCATED;
		event->stack = depot_stack(&caller->pc, 1);
		return;
	}
	count = unwind_stack(caller, (enum vmat_stack_mode)header->stack_mode, pcs, header->depth,
	                     &event->flags);
	event->stack = depot_stack(pcs, count);
	if (!event->stack)
		event->flags |= VMAT_EVENT_STACK_UNKNOWN;
}

/*
 * True if a longjmp has left for good the event that the thread is in. On one stack: this event's frame is at or
 * above that one's. An alternate stack may lie anywhere; what a handler there interrupted it returns into, and
 * who is not there any more has left all that was begun there.
 */
static bool outer_is_gone(const struct frame_registers *caller)
{
	stack_t alternate;
	bool here, there;

	if (raw_failed(RAW_2(SYS_sigaltstack, NULL, &alternate)))
		return caller->sp >= thread.outer_sp;
	here = caller->sp - (uint64_t)alternate.ss_sp <= alternate.ss_size;
	there = thread.outer_sp - (uint64_t)alternate.ss_sp <= alternate.ss_size;
	return here == there ? caller->sp >= thread.outer_sp : there;
}

struct recording recorder_begin_via(enum vmat_via via, enum call_id call,
                                    const struct frame_registers *caller, const struct words *words)
{
	struct recording recording;
	struct vmat_event *event = &recording.event;
	int saved = errno;

	recording.recording = address_space_enter();
	if (!recording.recording) {
		errno = saved;
		return recording;
	}
	recording.control = ring.control;
	if (thread.depth && outer_is_gone(caller)) {
		thread.depth = 0;
		thread.awaited.sp = 0;
	}
	recording.depth = thread.depth;
	recording.outer_sp = thread.outer_sp;
	recording.outer = thread.awaited;
	/* In this order for a handler that comes in between: it must not find a depth with an old sp. */
	thread.outer_sp = caller->sp;
	thread.awaited.sp = 0;
	__atomic_signal_fence(__ATOMIC_RELEASE);
	thread.depth = recording.depth + 1;
	*event = (struct vmat_event) {
		.caller = caller->pc,
		.tid = thread_id(),
		.call = (uint16_t)call,
		.flags = recording.depth ? VMAT_EVENT_NESTED : 0,
		.via = (uint8_t)via,
	};
	__builtin_memcpy(event->args, words->word, sizeof(event->args));
	if (thread.own || modules_are_own(caller->pc))
		event->flags = VMAT_EVENT_INTERNAL;
	else
		take_stack(event, caller);
	recording.rows_wanted = false;
	evidence_before(&recording);
	recording.in_flight = claim_in_flight(event->tid, recording.depth == 0);
	event->time = ring_ticks();
	event->enter = ring_head();
	fill_in_flight(&recording);
	/* Last: what libc was asked for above is no answer to the program's call. */
	thread.awaited.reached = false;
	thread.awaited.sp = via == VMAT_VIA_WRAPPER && sites_cover(event->call) ? caller->sp : 0;
	errno = saved;
	return recording;
}

/*
 * The kernel copies the set before it looks at the first argument, which is none it knows: EFAULT or EINVAL,
 * and nothing is changed (linux:kernel/signal.c). Every sandbox allows this call.
 */
bool recorder_can_read(const void *address)
{
	const uint64_t *word = (const uint64_t *)((uint64_t)address & ~7ull);

	return RAW_4(SYS_rt_sigprocmask, ~0, word, NULL, sizeof(*word)) == -EINVAL;
}

/* The program's pointer may be bad: that is for the kernel to say, with EFAULT, not for us to crash on. */
static size_t copy_text(char *buffer, size_t bytes, const char *from)
{
	size_t filled = 0;

	for (; filled < bytes; filled++) {
		const char *at = from + filled;

		if ((filled == 0 || (uint64_t)at % 4096 == 0) && !recorder_can_read(at))
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

void recorder_awaits_none(void)
{
	thread.awaited.sp = 0;
}

void recorder_site_begins(void)
{
	thread.awaited.time = ring_ticks();
	thread.awaited.enter = ring_head();
}

void recorder_site_ends(void)
{
	thread.awaited.duration = ring_ticks() - thread.awaited.time;
	thread.awaited.reached = true;
	/* The draw belongs here, just behind the system call; the event is stored when the wrapper ends. */
	thread.awaited.seq = address_space_alive() ? ring_draw() : RING_NO_SLOT;
}

void recorder_put_now(struct recording *recording)
{
	if (!recording->recording)
		return;
	recording->event.flags |= VMAT_EVENT_CHILD;
	recording->event.tid = (uint32_t)RAW_1(SYS_gettid, 0);
	if (ring_put(&recording->event, address_space.state))
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
	release_in_flight(recording);
}

/*
 * False in a fork child that came back from its parent's handler into this event, whether it has begun a
 * trace of its own meanwhile or not: the event is the parent's, who records it too. False after giving up.
 */
static bool still_ours(const struct recording *recording)
{
	return address_space_alive() && recording->control == ring.control;
}

/* True if there is an event to store: not for a wrapper that has a site and did not come by it (sbrk(0)). */
static bool take_from_site(struct vmat_event *event, const struct awaited *awaited)
{
	if (!awaited->sp)
		return true;
	event->time = awaited->time;
	event->enter = awaited->enter;
	event->duration = awaited->duration;
	return awaited->reached;
}

void recorder_end_with(struct recording *recording, uint64_t result, int error)
{
	struct vmat_event *event = &recording->event;
	struct awaited awaited = thread.awaited;
	int saved = errno;
	bool due = false;

	if (!recording->recording)
		return;
	event->duration = ring_ticks() - event->time;
	event->result = result;
	event->error = error;
	if (error)
		event->flags |= VMAT_EVENT_FAILED;
	if (still_ours(recording) && take_from_site(event, &awaited)) {
		/* Before the evidence, for which pages of the arena may be populated: that call came later. */
		uint64_t seq = awaited.sp ? awaited.seq : ring_draw();

		evidence_after(recording);
		/* Again: reading rows takes its time. If a handler forked, the slot is the parent's to fill. */
		if (still_ours(recording))
			due = ring_store(event, seq, address_space.state);
	}
	if (address_space_alive())
		release_in_flight(recording);
	if (due)
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
	recorder_leave(recording);
	errno = saved;
}

void recorder_end(struct recording *recording, uint64_t result, bool failed)
{
	recorder_end_with(recording, result, failed ? errno : 0);
}

void recorder_internal(struct vmat_event *event)
{
	event->tid = thread_id();
	event->flags = VMAT_EVENT_INTERNAL;
	event->via = VMAT_VIA_WRAPPER;
	ring_put(event, address_space.state);
}
