/*
 * resource_limits: the resource limits that were in force when a call found no memory. They change without any call that is
 * traced: by setrlimit(2), and by prlimit(2) of another process. So they are asked for where they matter, on the
 * path of a call that failed, and stored where they are not what was stored last.
 *
 * Async-signal-safe; in a sandbox nothing is asked.
 */
#ifndef VMATRACE_PRELOAD_RESOURCE_LIMITS_H
#define VMATRACE_PRELOAD_RESOURCE_LIMITS_H

#include <stdint.h>

/* The call of event `seq` failed for want of memory. */
void resource_limits_note(uint64_t seq);

#endif
