/*
 * exec: syscall(2) with the number of an exec. A child of a raw clone that goes on by one has no other way to be
 * known: what cannot be traced in its place would be missing without a count.
 */
#ifndef VMATRACE_PRELOAD_EXEC_H
#define VMATRACE_PRELOAD_EXEC_H

#include <stdbool.h>

#include "unwind.h"

/* Touches no vector register. */
bool exec_is_asked_for(long number);

/* As system_call_traced(): it returns only when the exec has failed. */
long exec_system_call(const struct frame_registers *caller, long number, const long *word);

#endif
