/*
 * caller: who called a wrapper, as far as the compiler tells on any processor.
 *
 * Where the saved frame pointer and the return address lie is a processor's own business. Many keep the two
 * side by side at the frame pointer (x86-64, aarch64): caller_links_frames() looks at real frames once whether
 * this one does. Where it does not, a stack is the caller alone, flagged as cut off.
 */
#ifndef VMATRACE_ARCH_CALLER_H
#define VMATRACE_ARCH_CALLER_H

#include <stdint.h>

/* No frame pointer: not 0, which would say that there is no caller above, and aligned to nothing. */
#define CALLER_NO_POINTER 1

/* Of the frame at `frame`, whose function called the one that asks. */
uint64_t caller_frame_pointer(const void *frame);

/*
 * The registers of the function that called this one. Only in a function that the program calls (the library
 * is built with frame pointers).
 */
#define CALLER                                                                                     \
	((struct frame_registers) {                                                                \
		.pc = (uint64_t)__builtin_return_address(0),                                       \
		.sp = (uint64_t)__builtin_dwarf_cfa(),                                             \
		.bp = caller_frame_pointer(__builtin_frame_address(0)),                            \
	})

#endif
