/*
 * threads: what the trace knows of the threads of its process: names, and whose stack lies where.
 *
 *     stack mapped ── thread A lives there ── A ends, libc keeps the stack ── thread B lives there ...
 *        since              from_seq               (ended) seq                     from_seq
 *
 * A name is the last that was read: a thread that was named later had it all the time. What a thread did
 * before its first call no trace can say, so the stack of one that is yet to come is called its own.
 */
#ifndef VMATRACE_CORE_THREADS_H
#define VMATRACE_CORE_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmatrace/trace_format.h"

struct thread_entry {
	uint64_t from_seq; /* first met before this event */
	uint64_t seq;      /* last heard of before this one */
	uint64_t stack;    /* an address in it, 0 unknown */
	uint32_t tid;
	bool ended;                        /* at seq */
	char name[VMAT_THREAD_NAME_BYTES]; /* NUL-terminated, any other bytes */
};

struct threads {
	struct thread_entry *entries; /* by tid, then from_seq */
	size_t count;
};

/* Sorts them, and of entries that are of one thread leaves the newest. */
void threads_sort(struct threads *threads);

/* The thread that had the number when event seq was made; NULL: nothing is known of it. */
const struct thread_entry *thread_of_tid(const struct threads *threads, uint32_t tid, uint64_t seq);

/*
 * Whose stack [start, end) is at event seq, mapped by event since (0: before recording): who lives there, else
 * who did last, else who comes next; NULL: nobody known.
 */
const struct thread_entry *thread_of_stack(const struct threads *threads, uint64_t start,
                                           uint64_t end, uint64_t since, uint64_t seq);

#endif
