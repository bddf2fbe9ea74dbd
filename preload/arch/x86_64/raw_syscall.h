/*
 * raw_syscall: system calls without libc: no errno, no cancellation point, no symbol to interpose.
 * Returns what the kernel returned: -4095 .. -1 is -errno. Clobbers as the x86-64 psABI appendix A.2.1 says.
 *
 * A seccomp filter may kill for a call that the program itself never makes. From when the program asks for one
 * (raw_syscall_silent) none is made any more: each fails with EPERM, and whoever wanted it does without.
 */
#ifndef VMATRACE_ARCH_RAW_SYSCALL_H
#define VMATRACE_ARCH_RAW_SYSCALL_H

#include <errno.h>
#include <stdbool.h>

/* Weak: one for all files that include this, without a file of its own. */
__attribute__((weak, visibility("hidden"))) bool raw_syscall_silent;

static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	if (__builtin_expect(raw_syscall_silent, 0))
		return -EPERM;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
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
