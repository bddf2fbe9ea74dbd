/*
 * system_call: syscall(2) with a VMA number. Called by the entry of arch/.
 */
#ifndef VMATRACE_PRELOAD_SYSTEM_CALL_H
#define VMATRACE_PRELOAD_SYSTEM_CALL_H

#include "unwind.h"

/* True if syscall(number, first, ...) is one of calls.def, an exec, or asks for a filter. Touches no vector register. */
int system_call_is_traced(long number, long first);

/* Records and makes it. word: its six arguments. Returns what syscall() returns; errno as it sets it. */
long system_call_traced(const struct frame_registers *caller, long number, const long *word);

#endif
