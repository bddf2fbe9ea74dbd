/*
 * readable: whether a word of the process can be read, asked of the kernel rather than found out by a fault.
 */
#ifndef VMATRACE_PRELOAD_READABLE_H
#define VMATRACE_PRELOAD_READABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

/*
 * The kernel copies the set before it looks at the first argument, which is none it knows: EFAULT or EINVAL,
 * and nothing is changed (linux:kernel/signal.c). Every sandbox allows this call; where none may be made: no.
 */
static inline bool readable(uint64_t address)
{
	const uint64_t word = address & ~7ull;

	return RAW_4(SYS_rt_sigprocmask, ~0, word, 0, sizeof(word)) == -EINVAL;
}

#endif
