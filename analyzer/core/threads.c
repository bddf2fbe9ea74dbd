/*
 * threads: see the header.
 */
#include "threads.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct thread_entry *a = left, *b = right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->from_seq != b->from_seq)
		return a->from_seq < b->from_seq ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* Two entries of a number are of one thread if the second was met while the first lived. */
static bool same_thread(const struct thread_entry *a, const struct thread_entry *b)
{
	return a->tid == b->tid && !(a->ended && a->seq <= b->from_seq) &&
	       (a->stack == b->stack || !a->stack || !b->stack);
}

void threads_sort(struct threads *threads)
{
	struct thread_entry *entries = threads->entries;
	size_t kept = 0;

	if (!threads->count)
		return;
	qsort(entries, threads->count, sizeof(*entries), compare);
	for (size_t i = 1; i < threads->count; i++) {
		struct thread_entry *last = &entries[kept];
		struct thread_entry next = entries[i];

		if (!same_thread(last, &next)) {
			entries[++kept] = next;
			continue;
		}
		next.from_seq = last->from_seq;
		if (!next.stack)
			next.stack = last->stack;
		if (next.seq >= last->seq)
			*last = next;
	}
	threads->count = kept + 1;
}

const struct thread_entry *thread_of_tid(const struct threads *threads, uint32_t tid, uint64_t seq)
{
	const struct thread_entry *found = NULL;
	size_t low = 0, high = threads->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (threads->entries[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < threads->count && threads->entries[low].tid == tid; low++) {
		if (!found || threads->entries[low].from_seq <= seq)
			found = &threads->entries[low];
	}
	return found;
}

/* How well a thread of this stack fits the moment: who lives there, who did, who will. */
static unsigned fit(const struct thread_entry *thread, uint64_t seq)
{
	if (thread->from_seq > seq)
		return 1;
	return thread->ended && thread->seq < seq ? 2 : 3;
}

const struct thread_entry *thread_of_stack(const struct threads *threads, uint64_t start,
                                           uint64_t end, uint64_t since, uint64_t seq)
{
	const struct thread_entry *found = NULL;

	for (size_t i = 0; i < threads->count; i++) {
		const struct thread_entry *thread = &threads->entries[i];
		unsigned here = fit(thread, seq), there = found ? fit(found, seq) : 0;

		if (thread->stack < start || thread->stack >= end || thread->seq < since)
			continue;
		/* Of those to come the first, else the latest. */
		if (here > there ||
		    (here == there && (thread->from_seq < found->from_seq) == (here == 1)))
			found = thread;
	}
	return found;
}
