/*
 * trace_end: how a traced process ended, as the process that waited for it was told.
 */
#ifndef VMATRACE_IO_TRACE_END_H
#define VMATRACE_IO_TRACE_END_H

#include "trace_reader.h"

/*
 * Stores the status that wait(2) gave of process `pid` in its trace, for trace_end_status(). False: it is no trace
 * of that process, or cannot be written.
 */
bool trace_store_end(const char *path, uint32_t pid, int wait_status);

/* False: nobody waited. *wait_status: for WIFEXITED and so on. */
bool trace_end_status(const struct trace *trace, int *wait_status);

#endif
