/*
 * trace_live: whether anybody still writes to a trace. A process keeps its trace mapped for as long as it is
 * there; the file itself cannot say, for whoever dies says nothing.
 */
#ifndef VMATRACE_IO_TRACE_LIVE_H
#define VMATRACE_IO_TRACE_LIVE_H

#include <stdint.h>

enum trace_live {
	TRACE_OVER, /* nobody maps it */
	TRACE_RUNS, /* the process that it is of does */
	/* Somebody does: a fork child that has made no call yet, or a process of another pid namespace. */
	TRACE_HELD,
};

/*
 * Asked before the trace is opened: what TRACE_OVER is said of will not change any more. Of a file that is
 * another user's, or on a file system without leases, only the first two are told apart.
 */
enum trace_live trace_live(const char *path, uint32_t pid);

#endif
