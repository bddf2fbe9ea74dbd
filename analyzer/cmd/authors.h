/*
 * authors: of each of many rows the event that made it, read at once. An event that is read by itself takes a system
 * call and what memory takes to answer, and of the rows of a large address space each has one of its own: they are read
 * in the order they lie in the file, by two threads.
 *
 * Of an event that is kept which takes little: what filters ask of it, and where it was called. The rest is not there.
 *
 * Owner: the caller; _release frees the contents; a zeroed one has none. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CMD_AUTHORS_H
#define VMATRACE_CMD_AUTHORS_H

#include "core/vma_map.h"
#include "io/trace_reader.h"

struct author {
	uint64_t seq;
	uint64_t time_ns;
	uint64_t caller;
	uint32_t tid;
	uint32_t stack;
	uint16_t call;
	uint16_t flags;
	bool failed;
	bool known; /* the trace has it */
};

struct authors {
	struct author *items; /* one for each row */
};

bool authors_read(struct authors *authors, const struct trace *trace,
                  const struct vma_row_info *rows, size_t count);
void authors_release(struct authors *authors);
/* False: the row is older than the trace, no event made it, or it was overwritten. */
bool authors_event(const struct authors *authors, size_t row, struct event *event);

#endif
