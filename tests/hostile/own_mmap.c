/*
 * own_mmap.c: an mmap() of the program's, with a lock of its own, for whoever is bound to it. A call by a thread that
 * is in one would wait for itself for ever: it ends the process instead.
 */
#include <dlfcn.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acts.h"

typedef void *mmap_function(void *, size_t, int, int, int, off_t);

static mmap_function *next;
static pid_t holder;

__attribute__((constructor)) static void find_next(void)
{
	*(void **)(void *)&next = dlsym(RTLD_NEXT, "mmap");
}

void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	pid_t self = gettid(), nobody = 0;
	void *result;

	while (!__atomic_compare_exchange_n(&holder, &nobody, self, 0, __ATOMIC_ACQUIRE,
	                                    __ATOMIC_RELAXED)) {
		if (nobody == self)
			fail("mmap: called amid itself");
		nobody = 0;
		sched_yield();
	}
	result = next ? next(at, bytes, prot, flags, fd, offset)
	              : (void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset);
	__atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
	return result;
}
