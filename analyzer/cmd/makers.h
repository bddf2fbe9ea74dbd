/*
 * makers: for whom calls mapped memory. Every change of a mapping asks who made it, and to read that event again takes
 * a system call; a walk has met it before. And for whom a stack maps: there are a thousand events for each.
 *
 * Owner: the caller, one for each walk. A zeroed one is empty. What it does not know the trace is asked for.
 */
#ifndef VMATRACE_CMD_MAKERS_H
#define VMATRACE_CMD_MAKERS_H

#include "core/kinds.h"
#include "core/number_table.h"
#include "event_bytes.h"
#include "io/symbols.h"
#include "io/trace_reader.h"

struct makers {
	struct event_bytes by_event; /* creator + 1; 0: nothing */
	bool tried;
	struct number_table by_stack; /* symbols_key() -> creator + 1; 0: nothing */
};

void makers_release(struct makers *makers);

/* A call that was just met has mapped memory for `creator`. */
void makers_note(struct makers *makers, const struct trace *trace, uint64_t seq,
                 enum vma_creator creator);
/* For whom event `seq` mapped; CREATOR_UNKNOWN if the trace has it no more. */
enum vma_creator makers_find(struct makers *makers, const struct trace *trace,
                             struct symbols *symbols, uint64_t seq);

/* Both will be asked for soon: the event, and a stack by its key. */
void makers_foresee(const struct makers *makers, uint64_t seq, uint64_t key);

/* event_creator(), found out once for each stack. */
enum vma_creator makers_of_stack(struct makers *makers, struct symbols *symbols,
                                 const struct event *event);

#endif
