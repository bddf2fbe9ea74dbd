/*
 * makers: see the header.
 */
#include "makers.h"

#include <stdlib.h>

#include "moment.h"

/* 8 MiB, of which only what is used is touched. */
enum { SLOTS = 1 << 20, CREATOR_BITS = 8 };

void makers_release(struct makers *makers)
{
	free(makers->slots);
	*makers = (struct makers) { 0 };
}

void makers_note(struct makers *makers, uint64_t seq, enum vma_creator creator)
{
	if (!makers->tried) {
		makers->tried = true;
		makers->slots = calloc(SLOTS, sizeof(*makers->slots));
	}
	/* A call in flight is no event of the ring. */
	if (makers->slots && seq < SEQ_IN_FLIGHT)
		makers->slots[seq % SLOTS] = (seq + 1) << CREATOR_BITS | creator;
}

enum vma_creator makers_find(struct makers *makers, const struct trace *trace,
                             struct symbols *symbols, uint64_t seq)
{
	uint64_t slot = makers->slots ? makers->slots[seq % SLOTS] : 0;
	enum vma_creator creator = CREATOR_UNKNOWN;
	struct event maker;

	if (slot >> CREATOR_BITS == seq + 1)
		return (enum vma_creator)(slot & ((1u << CREATOR_BITS) - 1));
	if (trace_event_at(trace, seq, &maker)) {
		creator = event_creator(symbols, &maker);
		makers_note(makers, seq, creator);
	}
	return creator;
}
