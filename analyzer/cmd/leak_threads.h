/*
 * leak_threads: whose the thread stacks are that were left, by call site. Threads are copies: the processes they come
 * from may be closed.
 *
 * Owner: the caller, zeroed before; _release frees the contents. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CMD_LEAK_THREADS_H
#define VMATRACE_CMD_LEAK_THREADS_H

#include "render/leaks_report.h"

struct leak_threads {
	struct leak_thread *items;
	size_t count;
	size_t room;
};

/* site: the key of its row. The pieces of one stack come one after the other, and count once. */
bool leak_threads_add(struct leak_threads *threads, uint64_t site,
                      const struct thread_entry *thread);
/* Before the first _of, after the last _add. */
void leak_threads_sort(struct leak_threads *threads);
/* Those of a site, by their numbers. */
const struct leak_thread *leak_threads_of(const struct leak_threads *threads, uint64_t site,
                                          size_t *count);
void leak_threads_release(struct leak_threads *threads);

#endif
