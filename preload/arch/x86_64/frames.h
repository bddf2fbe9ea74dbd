/*
 * frames: what a walk over the stack must know of the processor: its registers in libunwind's numbering,
 * where the kernel keeps them when it delivers a signal, where a thread's own memory begins.
 */
#ifndef VMATRACE_ARCH_FRAMES_H
#define VMATRACE_ARCH_FRAMES_H

#include <libunwind-x86_64.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

enum { FRAMES_BY_CFI = 1 };

/* The library that unwinds this machine's stacks through accessors, and how its functions begin. */
#define FRAMES_LIBRARY "libunwind-x86_64.so.8"
#define FRAMES_SYMBOL(name) "_Ux86_64_" name

enum {
	FRAMES_PC = UNW_X86_64_RIP,
	FRAMES_SP = UNW_X86_64_RSP,
	FRAMES_BP = UNW_X86_64_RBP,
	FRAMES_BX = UNW_X86_64_RBX,
};

/* When a handler returns into the signal trampoline, sp is at the ucontext (psABI, kernel's rt_sigframe). */
enum {
	FRAMES_SIGNAL_BP = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RBP * sizeof(greg_t),
	FRAMES_SIGNAL_BX = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RBX * sizeof(greg_t),
	FRAMES_SIGNAL_SP = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RSP * sizeof(greg_t),
	FRAMES_SIGNAL_PC = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RIP * sizeof(greg_t),
};

/* Bytes below sp that a signal handler leaves alone (psABI 3.2.2). */
enum { FRAMES_RED_ZONE = 128 };

/* The word at %fs:0 is its own address (psABI, TLS variant II); glibc puts it above the thread's stack. */
static inline uint64_t frames_thread_pointer(void)
{
	uint64_t pointer;

	__asm__("mov %%fs:0, %0" : "=r"(pointer));
	return pointer;
}

/* False: the word is no address of a program, not even with five-level paging (linux:Documentation/arch/x86). */
static inline bool frames_is_pc(uint64_t word)
{
	return word >> 56 == 0;
}

/* Calls function(argument) on another stack; top is its end, 16-byte aligned. */
void call_on_stack(void *top, void (*function)(void *), void *argument);

#endif
