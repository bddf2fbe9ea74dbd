/*
 * kernel_entry.c: see kernel_entry.h.
 */
#include "kernel_entry.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

_Static_assert(sizeof(long) == sizeof(void *) && sizeof(long) == 8, "words of 64 bits");

typedef long syscall_fn(long number, ...);

/* The first call is the constructor's, or that of a resolver which runs before it: one thread. */
static syscall_fn *next_definition(void)
{
	static syscall_fn *next;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next;
}

long kernel_entry(long number, long a, long b, long c, long d, long e, long f)
{
	syscall_fn *next = next_definition();
	int saved = errno;
	long result;

	if (!next)
		return -ENOSYS;
	result = next(number, a, b, c, d, e, f);
	if (result == -1)
		result = -errno;
	errno = saved;
	return result;
}
