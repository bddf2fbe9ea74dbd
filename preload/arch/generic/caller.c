/*
 * caller.c: see caller.h.
 */
#include "caller.h"

#include <stdbool.h>

enum linked { NOT_LOOKED, LINKED, NOT_LINKED };

static enum linked linked;

/* True if this function's frame leads to that of the function that called it, which is further up. */
static __attribute__((noinline)) bool leads_to(const void *callers_frame)
{
	void *const *own = __builtin_frame_address(0);

	return own[0] == callers_frame && (const void *)own < callers_frame &&
	       own[1] == __builtin_return_address(0);
}

static __attribute__((noinline)) bool look(void)
{
	bool leads = leads_to(__builtin_frame_address(0));

	/* Work after the call: else the call could be a jump, out of a frame that is gone by then. */
	__asm__ volatile("" ::: "memory");
	return leads;
}

uint64_t caller_frame_pointer(const void *frame)
{
	enum linked now = __atomic_load_n(&linked, __ATOMIC_RELAXED);

	if (now == NOT_LOOKED) {
		now = look() ? LINKED : NOT_LINKED;
		__atomic_store_n(&linked, now, __ATOMIC_RELAXED);
	}
	return now == LINKED ? *(const uint64_t *)frame : CALLER_NO_POINTER;
}
