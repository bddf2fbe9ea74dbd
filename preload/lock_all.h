/*
 * lock_all: mlockall without the recorder's own memory. The kernel holds all that is mapped against
 * RLIMIT_MEMLOCK, 8 MiB as a rule: with a trace of some 100 MiB, sparse as it is, the program would be refused
 * what it is granted untraced; and where it is not refused, all of the trace would be brought into memory.
 */
#ifndef VMATRACE_PRELOAD_LOCK_ALL_H
#define VMATRACE_PRELOAD_LOCK_ALL_H

#include "recorder.h"

/* Between begin and end of an mlockall. The status, as mlockall returns it; errno. */
int lock_all(struct recording *recording, int flags);

#endif
