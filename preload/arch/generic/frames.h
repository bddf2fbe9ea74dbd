/*
 * frames: what a walk over the stack must know of the processor. Nothing here: there are no recipes, so stacks
 * are walked by frame pointers, if caller.c finds them linked.
 */
#ifndef VMATRACE_ARCH_FRAMES_H
#define VMATRACE_ARCH_FRAMES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* No walk by CFI: what asks for it gets frame pointers. */
enum { FRAMES_BY_CFI = 0 };

/* Only walks by CFI know signal frames and what lies below sp. */
enum {
	FRAMES_SIGNAL_BP = 0,
	FRAMES_SIGNAL_BX = 0,
	FRAMES_SIGNAL_SP = 0,
	FRAMES_SIGNAL_PC = 0,
	FRAMES_RED_ZONE = 0,
};

/* libc's control block of the thread, which lies above its stack. */
static inline uint64_t frames_thread_pointer(void)
{
	return (uint64_t)pthread_self();
}

/*
 * False: a return address with more than an address in it. aarch64 signs those that a program stores, where
 * both were built to; what the signature leaves of the address is no pc.
 */
static inline bool frames_is_pc(uint64_t word)
{
	return word >> 48 == 0;
}

#endif
