/*
 * threads: the names of the threads and where their stacks are, in a section of the trace that no lap writes
 * over. A thread is its own witness, at calls that come ever less often and at the last it makes; one that makes
 * none is looked for by others: with each snapshot, and some calls after stacks were mapped.
 *
 * All of it is async-signal-safe, keeps errno and takes no lock: whoever finds an entry being written leaves it
 * alone. A name that could not be stored is counted.
 */
#ifndef VMATRACE_PRELOAD_THREADS_H
#define VMATRACE_PRELOAD_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

enum threads_why {
	THREADS_FIRST, /* it was not known yet: an entry of its number is another thread's */
	THREADS_AGAIN,
	THREADS_LAST, /* it ends */
};

/* The calling thread, if tid is its number (a child of vfork has its parent's at hand). stack: an address in it. */
void threads_note(uint32_t tid, uint64_t stack, enum threads_why why);

/* The first thread's name and stack, if it is the one that calls: most processes have no other. */
void threads_note_first(void);

/* All threads of the process, unless there is only one. */
void threads_look(void);

/* A stack was mapped: its thread is looked for when it has had time to name itself. */
void threads_expect(void);

/* True for one caller when that is due with the event of this number. */
static inline bool threads_are_due(uint64_t seq)
{
	uint64_t at = __atomic_load_n(&ring.threads_at, __ATOMIC_RELAXED);

	return __builtin_expect(seq >= at, 0) &&
	       __atomic_compare_exchange_n(&ring.threads_at, &at, UINT64_MAX, false,
	                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#endif
