/*
 * raw_syscall: system calls without libc: no errno, no cancellation point, no symbol to interpose.
 * Returns what the kernel returned: -4095 .. -1 is -errno.
 *
 * A seccomp filter may kill for a call that the program itself never makes. From when the program asks for one
 * (raw_syscall_silent) none is made any more: each fails with EPERM, and whoever wanted it does without.
 */
#ifndef VMATRACE_PRELOAD_RAW_SYSCALL_H
#define VMATRACE_PRELOAD_RAW_SYSCALL_H

#include <errno.h>
#include <stdbool.h>

#include "kernel_entry.h"

/* Weak: one for all files that include this, without a file of its own. */
__attribute__((weak, visibility("hidden"))) bool raw_syscall_silent;

static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	if (__builtin_expect(raw_syscall_silent, 0))
		return -EPERM;
	return kernel_entry(number, a, b, c, d, e, f);
}

#define RAW_1(number, a) raw_syscall6((number), (long)(a), 0, 0, 0, 0, 0)
#define RAW_2(number, a, b) raw_syscall6((number), (long)(a), (long)(b), 0, 0, 0, 0)
#define RAW_3(number, a, b, c) raw_syscall6((number), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RAW_4(number, a, b, c, d)                                                                  \
	raw_syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RAW_5(number, a, b, c, d, e)                                                               \
	raw_syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define RAW_6(number, a, b, c, d, e, f)                                                            \
	raw_syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline int raw_failed(long result)
{
	return (unsigned long)result > -4096ul;
}

#endif
