/*
 * makers: see the header.
 */
#include "makers.h"

#include "moment.h"

/* Of stacks, 6 MiB at most: when there are more, they are forgotten and found out anew. */
enum { MOST_STACKS = 1 << 16 };

void makers_release(struct makers *makers)
{
	event_bytes_release(&makers->by_event);
	number_table_release(&makers->by_stack);
	*makers = (struct makers) { 0 };
}

void makers_note(struct makers *makers, const struct trace *trace, uint64_t seq,
                 enum vma_creator creator)
{
	if (!makers->tried)
		event_bytes_init(&makers->by_event, trace);
	makers->tried = true;
	/* Where there is no memory for it, it is found out again. */
	event_bytes_set(&makers->by_event, seq, (uint8_t)(creator + 1));
}

enum vma_creator makers_find(struct makers *makers, const struct trace *trace,
                             struct symbols *symbols, uint64_t seq)
{
	unsigned known = event_bytes_get(&makers->by_event, seq);
	enum vma_creator creator = CREATOR_UNKNOWN;
	struct event maker;

	if (known)
		return (enum vma_creator)(known - 1);
	if (trace_event_at(trace, seq, &maker)) {
		creator = makers_of_stack(makers, symbols, &maker);
		makers_note(makers, trace, seq, creator);
	}
	return creator;
}

void makers_foresee(const struct makers *makers, uint64_t seq, uint64_t key)
{
	event_bytes_foresee(&makers->by_event, seq);
	number_table_expect(&makers->by_stack, key);
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
