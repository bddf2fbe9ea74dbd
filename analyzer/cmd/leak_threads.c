/*
 * leak_threads: see the header.
 */
#include "leak_threads.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct leak_thread *a = left, *b = right;

	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	if (a->thread.tid != b->thread.tid)
		return a->thread.tid < b->thread.tid ? -1 : 1;
	return (a->thread.from_seq > b->thread.from_seq) -
	       (a->thread.from_seq < b->thread.from_seq);
}

bool leak_threads_add(struct leak_threads *threads, uint64_t site,
                      const struct thread_entry *thread)
{
	const struct leak_thread added = { .site = site, .thread = *thread };

	if (threads->count && compare(&threads->items[threads->count - 1], &added) == 0)
		return true;
	if (threads->count == threads->room) {
		size_t room = threads->room ? 2 * threads->room : 16;
		struct leak_thread *items =
			reallocarray(threads->items, room, sizeof(*threads->items));

		if (!items)
			return false;
		threads->items = items;
		threads->room = room;
	}
	threads->items[threads->count++] = added;
	return true;
}

void leak_threads_sort(struct leak_threads *threads)
{
	if (threads->count)
		qsort(threads->items, threads->count, sizeof(*threads->items), compare);
}

const struct leak_thread *leak_threads_of(const struct leak_threads *threads, uint64_t site,
                                          size_t *count)
{
	size_t low = 0, high = threads->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (threads->items[middle].site < site)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < threads->count && threads->items[end].site == site;)
		end++;
	*count = end - low;
	return *count ? &threads->items[low] : NULL;
}

void leak_threads_release(struct leak_threads *threads)
{
	free(threads->items);
	*threads = (struct leak_threads) { 0 };
}
