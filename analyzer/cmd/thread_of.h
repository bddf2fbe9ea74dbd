/*
 * thread_of: whose stack a VMA or a change of one is about, for all commands alike.
 */
#ifndef VMATRACE_CMD_THREAD_OF_H
#define VMATRACE_CMD_THREAD_OF_H

#include "core/kinds.h"
#include "core/walk.h"
#include "io/trace_reader.h"

/* Each NULL if it is about no stack, or nobody is known to have it. seq: of the last event that counts. */
const struct thread_entry *thread_of_row(const struct trace *trace, const struct vma_row_info *row,
                                         enum vma_kind kind, uint64_t seq);
const struct thread_entry *thread_of_change(const struct trace *trace,
                                            const struct vma_change *change, enum vma_kind kind);
/* Who made the event. */
const struct thread_entry *thread_of_event(const struct trace *trace, const struct event *event);

#endif
