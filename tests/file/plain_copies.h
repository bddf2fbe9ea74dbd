/*
 * plain_copies: __builtin_memcpy as a function, put before each source of ring_race. gcc makes moves of a small copy,
 * after ThreadSanitizer has had its look: it would not see one into a slot that another thread reads.
 */
#ifndef VMATRACE_TEST_PLAIN_COPIES_H
#define VMATRACE_TEST_PLAIN_COPIES_H

#include <stddef.h>

static __attribute__((noinline, unused)) void *plain_copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((char *)to)[i] = ((const char *)from)[i];
	return to;
}

#define __builtin_memcpy plain_copy

#endif
