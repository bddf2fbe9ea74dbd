/*
 * runtime: which frames belong to the machinery that everybody calls and nobody means: libc, the loader, C++
 * runtime entry points of allocation, allocators. "Who mapped this" is the innermost frame that is none.
 */
#ifndef VMATRACE_IO_RUNTIME_H
#define VMATRACE_IO_RUNTIME_H

#include <stdbool.h>

/* module: path or NULL; function: demangled or NULL. */
bool runtime_owns(const char *module, const char *function);

#endif
