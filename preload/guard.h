/*
 * guard: keeps the program and the recorder's own memory apart. A program that unmaps, protects or advises a
 * range with our ring in it gets what it asked for around the ring; one that maps over it, or takes it away,
 * gets the memory, and recording ends. Each case is counted; the program never loses and never crashes.
 */
#ifndef VMATRACE_PRELOAD_GUARD_H
#define VMATRACE_PRELOAD_GUARD_H

#include <stddef.h>

#include <sys/uio.h>

#include "recorder.h"

/* The real calls, carved around our memory where they touch it (then the event gets rows). */
int guard_munmap(struct recording *recording, void *addr, size_t length);
int guard_mprotect(struct recording *recording, void *addr, size_t length, int prot);
int guard_pkey_mprotect(struct recording *recording, void *addr, size_t length, int prot, int pkey);
int guard_madvise(struct recording *recording, void *addr, size_t length, int advice);
/*
 * Any of them made by syscall(): goes on by syscall(). The next munmap() may be an allocator's own (tcmalloc),
 * which makes it by syscall(): that would come back here.
 */
int guard_system_call(struct recording *recording, long number, const long *word);

/* Before a call that puts something else at [addr, addr + length), or takes what is there, if `replaces`. */
void guard_replacing(struct recording *recording, const void *addr, size_t length, int replaces);
/* The same for mremap: what it takes and what it replaces. words: its five arguments. */
void guard_moving(struct recording *recording, const struct words *words);
/* The same for process_madvise, whose ranges may be any. */
void guard_advising(struct recording *recording, const struct iovec *ranges, size_t count,
                    int advice);
/* The same for shmat, whose length is the segment's. */
void guard_attaching(struct recording *recording, int shmid, const void *addr, int flags);

#endif
