/*
 * guard: keeps the program and the recorder's own memory apart. A program that unmaps or protects a range
 * with our ring in it gets what it asked for around the ring; one that maps over it gets the memory, and
 * recording ends. Each case is counted; the program never loses and never crashes.
 */
#ifndef VMATRACE_PRELOAD_GUARD_H
#define VMATRACE_PRELOAD_GUARD_H

#include <stddef.h>

#include "recorder.h"

/* The real calls, carved around our memory where they touch it (then the event gets rows). */
int guard_munmap(struct recording *recording, void *addr, size_t length);
int guard_mprotect(struct recording *recording, void *addr, size_t length, int prot);

/* Before a call that replaces what lies in [addr, addr + length), if `replaces`. */
void guard_replacing(void *addr, size_t length, int replaces);

#endif
