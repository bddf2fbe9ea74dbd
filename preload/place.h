/*
 * place: where the recorder's own mappings go. The kernel gives out addresses from the top down, into the
 * first hole that is large enough: a mapping of ours between the program's would take a hole of theirs, keep
 * two of them from being one VMA, and move all that follow. So ours go far below, where the program comes
 * only after it has filled everything above.
 */
#ifndef VMATRACE_PRELOAD_PLACE_H
#define VMATRACE_PRELOAD_PLACE_H

#include <stdint.h>

/* A hint for the next own mapping of so many bytes; where it is taken the kernel chooses as ever. */
uint64_t place_next(uint64_t bytes);

#endif
