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

/* The fault that the trace in that file tells of. False: it tells of none, or cannot be read. */
bool trace_peek_fault(const char *path, struct vmat_fault *fault);

/* False: nobody waited. *wait_status: for WIFEXITED and so on. */
bool trace_end_status(const struct trace *trace, int *wait_status);

#endif
