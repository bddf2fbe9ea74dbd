/*
 * kernel_entry: one system call, by its instruction. Clobbers as the x86-64 psABI appendix A.2.1 says.
 */
#ifndef VMATRACE_ARCH_KERNEL_ENTRY_H
#define VMATRACE_ARCH_KERNEL_ENTRY_H

static inline long kernel_entry(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
}

#endif
