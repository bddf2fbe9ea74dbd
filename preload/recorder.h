/*
 * recorder: begin and end of one event. The rules of everything in this folder:
 *
 *     It runs inside a stranger. No malloc, no stdio, no lock across a system call, no descriptor kept, no
 *     message unless asked for; errno, registers and signal mask as they were. It never exits. If something
 *     is wrong it stops recording, counts that, and lets the program live.
 *
 * A wrapper is begin, the real call, end:
 *
 *     struct recording r = recorder_begin(CALL_MUNMAP, &CALLER, WORDS(addr, length));
 *     int status = real.munmap(addr, length);
 *     recorder_end(&r, (uint64_t)status, status != 0);
 *
 * Order (proved in recorder.c): `enter` is a load of the ring's head just before the call, `exit` the draw
 * of the event's slot just after it.
 */
#ifndef VMATRACE_PRELOAD_RECORDER_H
#define VMATRACE_PRELOAD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "unwind.h"
#include "vmatrace/call.h"
#include "vmatrace/trace_format.h"

struct words {
	uint64_t word[VMAT_ARGUMENT_WORDS];
};

#define WORDS(...) (&(const struct words) { { __VA_ARGS__ } })
#define WORD(value) ((uint64_t)(value))

/* What the innermost wrapper of a thread waits for: the site that its call leads to (sites.h). */
struct awaited {
	uint64_t sp;    /* of the wrapper's caller; 0: nothing is awaited */
	uint64_t enter; /* as the site saw them: nearer to the system call than the wrapper's own */
	uint64_t time;
	uint64_t duration;
	uint64_t seq;                     /* the slot drawn just after it */
	struct vmat_in_flight *in_flight; /* of the wrapper's event, filled up to time and enter */
	bool reached;                     /* a site was passed: there was a system call */
};

struct recording {
	struct vmat_event event;
	struct vmat_in_flight *in_flight;
	struct vmat_control *control; /* of the trace it began in */
	uint32_t depth;               /* of the thread before this event */
	uint64_t outer_sp;            /* of the event that this one interrupted */
	struct awaited outer;
	bool recording;
	bool rows_wanted; /* the model cannot compute what this call does: keep the kernel's rows */
};

/* Behind the last event of this thread, 0: it has made none. A fork child has what its parent's thread had. */
uint64_t recorder_seen(void);

/* Before the call. words: the arguments in the order of calls.def. Keeps errno. */
void recorder_begin_via(struct recording *recording, enum vmat_via via, enum call_id call,
                        const struct frame_registers *caller, const struct words *words);

static inline __attribute__((always_inline)) struct recording
recorder_begin(enum call_id call, const struct frame_registers *caller, const struct words *words)
{
	struct recording recording;

	recorder_begin_via(&recording, VMAT_VIA_WRAPPER, call, caller, words);
	return recording;
}
/* After the call: result, and whether it failed (errno says why). Keeps errno. */
void recorder_end(struct recording *recording, uint64_t result, bool failed);
/* The same with an error number that is not in errno (posix_madvise), 0 success. */
void recorder_end_with(struct recording *recording, uint64_t result, int error);

/* Between the two: the text argument, copied. It may be a bad pointer. */
void recorder_text(struct recording *recording, const char *text);

/* Leaves the thread's depth as before the event without ending it: for a call that may not return here. */
void recorder_leave(struct recording *recording);
/* Puts the event into the ring as it stands (a vfork child's exec, whose return would be too late). */
void recorder_put_now(struct recording *recording);

/* The thread was given a name. */
void recorder_thread_is_named(void);

/* True if the thread has begun an event and not ended it: frames below may hold pointers into the trace. */
bool recorder_is_inside(void);

/*
 * At a site whose function was called by *caller: true if a wrapper of this thread is on the way to it, with
 * no signal frame between. Then the two below stand for begin and end.
 */
bool recorder_awaits_site(const struct frame_registers *caller);
void recorder_site_begins(void);
void recorder_site_ends(void);
/* Just before the call: it will lead to no site (it is made by libc's syscall()). */
void recorder_awaits_none(struct recording *recording);

/* An event of the recorder's own; all but tid and via is filled, of the flags VMAT_EVENT_FAILED. */
void recorder_internal(struct vmat_event *event);

/* +1 and -1 around code of the thread whose calls are the recorder's own: loading, learning. */
void recorder_own_calls(int change);
bool recorder_calls_are_own(void);

#endif
