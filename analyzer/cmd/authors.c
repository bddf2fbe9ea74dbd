/*
 * authors: see the header.
 */
#include "authors.h"

#include <stdlib.h>

#include "io/beside.h"

/* Where an event is to be found, and which row it made. */
struct place {
	uint64_t seq;
	size_t row;
};

/* Some of them, in the order of the file. */
struct reading {
	const struct trace *trace;
	const struct place *places;
	size_t count;
	struct author *items;
};

static int by_seq(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

static struct author author_of(const struct trace *trace, uint64_t seq)
{
	struct event event;

	if (!trace_event_at(trace, seq, &event))
		return (struct author) { 0 };
	return (struct author) {
		.seq = event.seq,
		.time_ns = event.time_ns,
		.caller = event.caller,
		.tid = event.tid,
		.stack = event.stack,
		.call = event.call,
		.flags = event.flags,
		.failed = event.failed,
		.known = true,
	};
}

static void read_some(void *context)
{
	const struct reading *reading = context;
	const struct place *places = reading->places;

	for (size_t i = 0; i < reading->count; i++)
		/* One event may have made many. */
		reading->items[places[i].row] = i && places[i].seq == places[i - 1].seq
		                                        ? reading->items[places[i - 1].row]
		                                        : author_of(reading->trace, places[i].seq);
}

/* The first half by a thread of its own. */
static void read_all(const struct reading *reading)
{
	struct reading low = *reading, high = *reading;
	struct beside beside;

	low.count = reading->count / 2;
	high.places += low.count;
	high.count -= low.count;
	beside_start(&beside, read_some, &low);
	read_some(&high);
	beside_end(&beside);
}

bool authors_read(struct authors *authors, const struct trace *trace,
                  const struct vma_row_info *rows, size_t count)
{
	struct place *places = calloc(count + 1, sizeof(*places));
	size_t found = 0;

	authors->items = calloc(count + 1, sizeof(*authors->items));
	if (!places || !authors->items) {
		free(places);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (rows[i].created_by < SEQ_IN_FLIGHT)
			places[found++] = (struct place) { rows[i].created_by, i };
	qsort(places, found, sizeof(*places), by_seq);
	read_all(&(const struct reading) { trace, places, found, authors->items });
	free(places);
	return true;
}

void authors_release(struct authors *authors)
{
	free(authors->items);
	*authors = (struct authors) { 0 };
}

bool authors_event(const struct authors *authors, size_t row, struct event *event)
{
	const struct author *author = &authors->items[row];

	if (!author->known)
		return false;
	*event = (struct event) {
		.seq = author->seq,
		.exit = author->seq,
		.time_ns = author->time_ns,
		.caller = author->caller,
		.tid = author->tid,
		.stack = author->stack,
		.call = author->call,
		.flags = author->flags,
		.failed = author->failed,
	};
	return true;
}
