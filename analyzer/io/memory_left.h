/*
 * memory_left: is there room for more? libdw ends the whole process where it finds none, by error(3), an assertion or a
 * null pointer, and cannot be told not to. So where memory is limited it is asked for nothing unless there is room for
 * more than it is likely to take.
 */
#ifndef VMATRACE_IO_MEMORY_LEFT_H
#define VMATRACE_IO_MEMORY_LEFT_H

#include <stdbool.h>
#include <stddef.h>

/* RLIMIT_AS or RLIMIT_DATA is set: an allocation may fail long before the machine has no memory. */
bool memory_is_limited(void);
/* So many bytes could be allocated now. */
bool memory_left(size_t bytes);

#endif
