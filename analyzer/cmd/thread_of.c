/*
 * thread_of: see the header.
 */
#include "thread_of.h"

/* What a thread keeps at the end of its stack when it gives the rest back: PTHREAD_STACK_MIN, its frames, its TLS. */
#define STACK_KEPT (256ull << 10)

static bool is_stack(enum vma_kind kind)
{
	return kind == KIND_THREAD_STACK || kind == KIND_MAIN_STACK;
}

static uint64_t since(uint64_t created_by)
{
	return created_by < SEQ_IMPLICIT ? created_by : 0;
}

const struct thread_entry *thread_of_row(const struct trace *trace, const struct vma_row_info *row,
                                         enum vma_kind kind, uint64_t seq)
{
	return is_stack(kind) ? thread_of_stack(trace_threads(trace), row->row.start, row->row.end,
	                                        since(row->created_by), seq)
	                      : NULL;
}

const struct thread_entry *thread_of_event(const struct trace *trace, const struct event *event)
{
	return event->tid ? thread_of_tid(trace_threads(trace), event->tid, event->seq) : NULL;
}

const struct thread_entry *thread_of_change(const struct trace *trace,
                                            const struct vma_change *change, enum vma_kind kind)
{
	const struct event *event = change->event;
	const struct thread_entry *thread, *caller;

	if (!is_stack(kind))
		return NULL;
	thread = thread_of_stack(trace_threads(trace), change->start, change->end,
	                         since(change->mapped_before ? change->made_by : event->seq),
	                         event->seq);
	if (thread)
		return thread;
	caller = thread_of_event(trace, event);
	return caller && caller->stack - change->end < STACK_KEPT ? caller : NULL;
}
