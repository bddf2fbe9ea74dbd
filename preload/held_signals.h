/*
 * held_signals: the thread's signals wait while a descriptor of ours is open. A handler that jumps would leave it open
 * for good, and a handler that forks would give it to the child. Nothing else is held: they come a moment later.
 *
 *     uint64_t mask = signals_hold();
 *     long fd = RAW_4(SYS_openat, ...);
 *     ... RAW_1(SYS_close, fd);
 *     signals_let_go(mask);
 */
#ifndef VMATRACE_PRELOAD_HELD_SIGNALS_H
#define VMATRACE_PRELOAD_HELD_SIGNALS_H

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "kernel_entry.h"
#include "raw_syscall.h"

/* What signals_let_go() wants: the mask as it was, or all bits, if nothing could be held. */
static inline uint64_t signals_hold(void)
{
	const uint64_t all = UINT64_MAX;
	uint64_t mask;

	return raw_failed(RAW_4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &mask, sizeof(mask))) ? all
	                                                                                   : mask;
}

/* Even if another thread has asked for a filter meanwhile: a thread that hears no signals any more is worse. */
static inline void signals_let_go(uint64_t mask)
{
	if (mask != UINT64_MAX)
		kernel_entry(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof(mask), 0, 0);
}

#endif
