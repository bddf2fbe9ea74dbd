/*
 * makers: see the header.
 */
#include "makers.h"

#include <stdlib.h>

#include "moment.h"

/* Of events, a byte for each, of which only what is used is touched. What comes behind is read again. */
enum { MOST_EVENTS = 1 << 26 };

/* Of stacks, 6 MiB at most: when there are more, they are forgotten and found out anew. */
enum { MOST_STACKS = 1 << 16 };

void makers_release(struct makers *makers)
{
	free(makers->of_event);
	number_table_release(&makers->by_stack);
	*makers = (struct makers) { 0 };
}

static void make_room(struct makers *makers, const struct trace *trace)
{
	const struct trace_counts *counts = trace_counts(trace);
	uint64_t count = counts->end_seq - counts->first_seq;

	makers->tried = true;
	makers->first = counts->first_seq;
	makers->count = count < MOST_EVENTS ? count : MOST_EVENTS;
	makers->of_event = calloc(makers->count + 1, sizeof(*makers->of_event));
	if (!makers->of_event)
		makers->count = 0;
}

/* NULL: nothing is kept of that event. A call in flight is none of the ring. */
static uint8_t *place_of(const struct makers *makers, uint64_t seq)
{
	return seq - makers->first < makers->count ? &makers->of_event[seq - makers->first] : NULL;
}

void makers_note(struct makers *makers, const struct trace *trace, uint64_t seq,
                 enum vma_creator creator)
{
	uint8_t *place;

	if (!makers->tried)
		make_room(makers, trace);
	place = place_of(makers, seq);
	if (place)
		*place = (uint8_t)(creator + 1);
}

enum vma_creator makers_find(struct makers *makers, const struct trace *trace,
                             struct symbols *symbols, uint64_t seq)
{
	const uint8_t *place = place_of(makers, seq);
	enum vma_creator creator = CREATOR_UNKNOWN;
	struct event maker;

	if (place && *place)
		return (enum vma_creator)(*place - 1);
	if (trace_event_at(trace, seq, &maker)) {
		creator = makers_of_stack(makers, symbols, &maker);
		makers_note(makers, trace, seq, creator);
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
