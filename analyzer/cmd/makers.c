/*
 * makers: see the header.
 */
#include "makers.h"

#include <stdlib.h>

#include "moment.h"

/* 8 MiB, of which only what is used is touched. */
enum { SLOTS = 1 << 20, CREATOR_BITS = 8 };

/* Of stacks, 6 MiB at most: when there are more, they are forgotten and found out anew. */
enum { MOST_STACKS = 1 << 16 };

void makers_release(struct makers *makers)
{
	free(makers->slots);
	number_table_release(&makers->by_stack);
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
		creator = makers_of_stack(makers, symbols, &maker);
		makers_note(makers, seq, creator);
	}
	return creator;
}

enum vma_creator makers_of_stack(struct makers *makers, struct symbols *symbols,
                                 const struct event *event)
{
	uint64_t key = symbols_key(symbols, event);
	uint64_t *known;

	if (makers->by_stack.count > MOST_STACKS)
		number_table_release(&makers->by_stack);
	known = key ? number_table_at(&makers->by_stack, key) : NULL;
	if (!known)
		return event_creator(symbols, event);
	if (!*known)
		*known = 1 + (uint64_t)event_creator(symbols, event);
	return (enum vma_creator)(*known - 1);
}
