/*
 * caller: who called a wrapper, by its frame pointer.
 */
#ifndef VMATRACE_ARCH_CALLER_H
#define VMATRACE_ARCH_CALLER_H

#include <stdint.h>

/*
 * The registers of the function that called this one, as its frame pointer shows them. Only in a function
 * that the program calls (the library is built with frame pointers).
 */
#define CALLER                                                                                     \
	((struct frame_registers) {                                                                \
		.pc = (uint64_t)__builtin_return_address(0),                                       \
		.sp = (uint64_t)__builtin_frame_address(0) + 16,                                   \
		.bp = *(uint64_t *)__builtin_frame_address(0),                                     \
	})

#endif
