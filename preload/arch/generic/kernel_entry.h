/*
 * kernel_entry: one system call, through the next definition of libc's syscall(): it takes no lock, is no
 * cancellation point and needs no libc that is initialised. errno is as it was.
 */
#ifndef VMATRACE_ARCH_KERNEL_ENTRY_H
#define VMATRACE_ARCH_KERNEL_ENTRY_H

long kernel_entry(long number, long a, long b, long c, long d, long e, long f);

#endif
