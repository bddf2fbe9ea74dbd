/*
 * trace_threads.c: the entries of threads that are whole. A trace of an older recorder has none.
 */
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "trace_parts.h"

/* More than any recorder writes; what lies behind is left alone. */
enum { THREADS_MOST = 65536 };

static bool is_whole(const struct vmat_thread *entry)
{
	size_t begin = offsetof(struct vmat_thread, from_seq);

	return entry->version && !(entry->version & 1) &&
	       checksum(entry->tid, (const uint8_t *)entry + begin, sizeof(*entry) - begin) ==
	               entry->crc &&
	       memchr(entry->name, '\0', sizeof(entry->name));
}

/* The one that every process has: what the control words say of it, unless it has an entry that says more. */
static void take_first(struct trace *trace)
{
	const struct vmat_control *control = &trace->control;
	struct thread_entry *thread = trace->threads.entries;
	struct thread_entry *end = thread + trace->threads.count;

	for (; thread < end; thread++) {
		if (thread->tid != trace->header.pid)
			continue;
		if (!thread->stack)
			thread->stack = control->first_stack;
		return;
	}
	_Static_assert(sizeof(thread->name) == sizeof(control->first_name), "a name");
	memcpy(thread->name, control->first_name, sizeof(thread->name));
	if (!thread->name[0])
		return;
	thread->name[sizeof(thread->name) - 1] = '\0';
	thread->tid = trace->header.pid;
	thread->stack = control->first_stack;
	thread->seq = control->head;
	trace->threads.count++;
}

bool trace_threads_load(struct trace *trace, struct trace_error *error)
{
	const struct extent *where = &trace->threads_at;
	size_t stride = where->entry_bytes;
	uint64_t count = stride >= sizeof(struct vmat_thread) ? where->length / stride : 0;
	uint8_t *bytes;
	ssize_t n;

	if (count > THREADS_MOST)
		count = THREADS_MOST;
	if (stride > VMAT_HEADER_BYTES)
		count = 0;
	bytes = malloc(count * stride + 1);
	trace->threads.entries = calloc(count + 1, sizeof(*trace->threads.entries));
	if (!bytes || !trace->threads.entries) {
		free(bytes);
		return trace_no_memory(error);
	}
	n = count ? trace_read_at(trace->fd, bytes, count * stride, where->offset) : 0;
	if (n < 0) {
		free(bytes);
		return trace_fail_errno(error, TRACE_CANNOT_READ, where->offset);
	}
	for (uint64_t i = 0; i < count && (i + 1) * stride <= (uint64_t)n; i++) {
		struct vmat_thread entry;
		struct thread_entry *thread = &trace->threads.entries[trace->threads.count];

		memcpy(&entry, bytes + i * stride, sizeof(entry));
		if (!is_whole(&entry))
			continue;
		*thread = (struct thread_entry) {
			.from_seq = entry.from_seq,
			.seq = entry.seq,
			.stack = entry.stack,
			.tid = entry.tid,
			.ended = entry.flags & VMAT_THREAD_ENDED,
		};
		memcpy(thread->name, entry.name, sizeof(thread->name));
		trace->threads.count++;
	}
	free(bytes);
	take_first(trace);
	threads_sort(&trace->threads);
	return true;
}

const struct threads *trace_threads(const struct trace *trace)
{
	return &trace->threads;
}
