/*
 * leaks: what is still mapped at the end, sorted by who would have had to unmap it. Process exit unmaps
 * nothing, so "never unmapped" is exactly what the last list shows and recording saw being mapped.
 *
 *     program        its own mmap, mremap, shmat, sbrk, and blocks of malloc so large that they are mappings
 *     thread-stack   of threads that run on, that were never joined, or that libc keeps for the next thread
 *     libc           its heap and arenas, and what it mapped for itself
 *     loader         objects that were loaded and not unloaded
 *     unexplained    appeared without a call that recording saw
 *
 * How many stacks belong to threads that nobody joined is not in any trace: joining makes no call. But
 * glibc's cache of stacks has a limit, and what exited threads hold beyond it cannot be in the cache.
 */
#ifndef VMATRACE_CORE_LEAKS_H
#define VMATRACE_CORE_LEAKS_H

#include "kinds.h"

enum leak_class {
	LEAK_PROGRAM,
	LEAK_THREAD_STACK,
	LEAK_LIBC,
	LEAK_LOADER,
	LEAK_UNEXPLAINED,
	LEAK_CLASSES,
};

const char *leak_class_name(enum leak_class class);

/*
 * Of memory of that kind, mapped by a call made for `creator`; runtime_only: by the runtime for reasons of
 * its own (CREATOR_UNKNOWN with frames).
 */
enum leak_class leak_class_of(enum vma_kind kind, enum vma_creator creator, bool runtime_only);

/* glibc nptl/allocatestack.c: stack_cache_maxsize, 40 MiB unless a tunable says otherwise. */
#define STACK_CACHE_BYTES (40ull << 20)

/* Of stacks whose threads have exited: the bytes that can only belong to threads nobody joined. */
uint64_t leak_unjoined_bytes(uint64_t exited_bytes);

#endif
