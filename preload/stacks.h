/*
 * stacks: the stack of an event, from its caller's registers to an id in the trace: the memo, else a walk and
 * the depot; and which of them may be used when.
 */
#ifndef VMATRACE_PRELOAD_STACKS_H
#define VMATRACE_PRELOAD_STACKS_H

#include "unwind.h"

/* Bytes of zeroed private memory: the recipes and the memos. */
size_t stacks_memory_bytes(void);
/* As unwind_init(), whose rules for memory are these too; in a fork child again. */
void stacks_init(void *memory, uint64_t main_stack_end);

/*
 * Sets event->stack and the flags that tell of it. Async-signal-safe; keeps errno;
 * uses little of the caller's stack, since frames are kept elsewhere.
 */
void stacks_take(struct vmat_event *event, const struct frame_registers *caller);

#endif
