/*
 * uncertain: see the header. Ranges are met in the order of their starts; of those that have been met and have not been
 * passed, a heap gives the first by number.
 */
#include "uncertain.h"

#include <stdlib.h>

#include "pages.h"

/* Trying three calls of each other costs the third power of their number. */
enum { SIDE_BY_SIDE_LIMIT = 64 };

static bool add(struct uncertain *uncertain, enum uncertain_kind kind, uint64_t start, uint64_t end)
{
	if (uncertain->count == uncertain->capacity) {
		size_t capacity = uncertain->capacity ? 2 * uncertain->capacity : 8;
		struct uncertain_item *items =
			reallocarray(uncertain->items, capacity, sizeof(*items));

		if (!items)
			return false;
		uncertain->items = items;
		uncertain->capacity = capacity;
	}
	uncertain->items[uncertain->count++] = (struct uncertain_item) { kind, start, end };
	return true;
}

bool uncertain_add(struct uncertain *uncertain, const struct event *event, uint32_t page_bytes)
{
	struct touch touch;

	event_touch(event, page_bytes, &touch);
	if (!touch.visible)
		return true;
	for (size_t i = 0; i < touch.count; i++) {
		if (!add(uncertain, UNCERTAIN_RANGE, touch.ranges[i].start, touch.ranges[i].end))
			return false;
	}
	if (touch.anywhere && !add(uncertain, UNCERTAIN_ANYWHERE, 0, touch.anywhere))
		return false;
	return !touch.attachment ||
	       add(uncertain, UNCERTAIN_ATTACHMENT, touch.attachment, touch.attachment);
}

void uncertain_release(struct uncertain *uncertain)
{
	free(uncertain->items);
	*uncertain = (struct uncertain) { 0 };
}

/* --- certainty ------------------------------------------------------------------------------------------ */

/* Mapping calls that ask for one length. */
struct length {
	uint64_t bytes;
	uint64_t calls;
};

/* An item that is a range. */
struct range {
	uint64_t start;
	uint32_t number;
};

struct certainty {
	const struct uncertain_item *items;
	struct range *ranges; /* by start */
	size_t range_count;
	uint32_t *heap; /* of those met and not passed; some passed ones among them */
	size_t heap_count;
	size_t next;            /* the first not yet met */
	uint64_t at;            /* as far as they are met */
	struct length *lengths; /* by bytes */
	size_t length_count;
	struct length *frequent; /* those that more calls ask for than the root of all calls */
	size_t frequent_count;
	uint64_t few;   /* so many calls of one length there are at most, but of frequent ones */
	uint64_t *sums; /* of two and three calls, sorted */
	size_t sum_count;
	uint64_t *attachments; /* sorted */
	size_t attachment_count;
};

static int compare_numbers(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static bool has_number(const uint64_t *numbers, size_t count, uint64_t number)
{
	return count && bsearch(&number, numbers, count, sizeof(*numbers), compare_numbers);
}

/* `sorted`: what is asked for, call by call. */
static void count_lengths(struct certainty *certainty, const uint64_t *sorted, size_t count)
{
	uint64_t root = 0;

	while (root * root < count)
		root++;
	for (size_t i = 0, next; i < count; i = next) {
		struct length length = { .bytes = sorted[i] };

		for (next = i; next < count && sorted[next] == sorted[i]; next++)
			length.calls++;
		certainty->lengths[certainty->length_count++] = length;
		if (length.calls > root)
			certainty->frequent[certainty->frequent_count++] = length;
		else if (length.calls > certainty->few)
			certainty->few = length.calls;
	}
}

static bool add_sums(struct certainty *certainty, const uint64_t *lengths, size_t count)
{
	certainty->sums = calloc(count * count * count + 1, sizeof(*certainty->sums));
	if (!certainty->sums)
		return false;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			uint64_t two, three;

			if (__builtin_add_overflow(lengths[i], lengths[j], &two))
				continue;
			certainty->sums[certainty->sum_count++] = two;
			for (size_t k = j + 1; k < count; k++) {
				if (!__builtin_add_overflow(two, lengths[k], &three))
					certainty->sums[certainty->sum_count++] = three;
			}
		}
	}
	qsort(certainty->sums, certainty->sum_count, sizeof(*certainty->sums), compare_numbers);
	return true;
}

/* Room for all of its kind, and one more: none is none of memory. */
static bool reserve(struct certainty *certainty, const struct uncertain *uncertain,
                    uint64_t **asked)
{
	size_t counts[] = {
		[UNCERTAIN_RANGE] = 1, [UNCERTAIN_ANYWHERE] = 1, [UNCERTAIN_ATTACHMENT] = 1
	};

	for (size_t i = 0; i < uncertain->count; i++)
		counts[uncertain->items[i].kind]++;
	certainty->ranges = calloc(counts[UNCERTAIN_RANGE], sizeof(*certainty->ranges));
	certainty->heap = calloc(counts[UNCERTAIN_RANGE], sizeof(*certainty->heap));
	certainty->lengths = calloc(counts[UNCERTAIN_ANYWHERE], sizeof(*certainty->lengths));
	certainty->frequent = calloc(counts[UNCERTAIN_ANYWHERE], sizeof(*certainty->frequent));
	certainty->attachments =
		calloc(counts[UNCERTAIN_ATTACHMENT], sizeof(*certainty->attachments));
	*asked = calloc(counts[UNCERTAIN_ANYWHERE], sizeof(**asked));
	return certainty->ranges && certainty->heap && certainty->lengths && certainty->frequent &&
	       certainty->attachments && *asked;
}

static bool fill(struct certainty *certainty, const struct uncertain *uncertain)
{
	uint64_t *asked;
	size_t asked_count = 0;
	bool fine = reserve(certainty, uncertain, &asked);

	for (size_t i = 0; fine && i < uncertain->count; i++) {
		const struct uncertain_item *item = &uncertain->items[i];

		if (item->kind == UNCERTAIN_RANGE)
			certainty->ranges[certainty->range_count++] =
				(struct range) { item->start, (uint32_t)i };
		else if (item->kind == UNCERTAIN_ANYWHERE)
			asked[asked_count++] = item->end;
		else
			certainty->attachments[certainty->attachment_count++] = item->start;
	}
	if (fine) {
		qsort(certainty->ranges, certainty->range_count, sizeof(*certainty->ranges),
		      compare_ranges);
		qsort(asked, asked_count, sizeof(*asked), compare_numbers);
		qsort(certainty->attachments, certainty->attachment_count,
		      sizeof(*certainty->attachments), compare_numbers);
		count_lengths(certainty, asked, asked_count);
	}
	if (fine && uncertain->count <= SIDE_BY_SIDE_LIMIT)
		fine = add_sums(certainty, asked, asked_count);
	free(asked);
	return fine;
}

struct certainty *certainty_new(const struct uncertain *uncertain)
{
	struct certainty *certainty = calloc(1, sizeof(*certainty));

	if (!certainty)
		return NULL;
	certainty->items = uncertain->items;
	if (uncertain->count && !fill(certainty, uncertain)) {
		certainty_free(certainty);
		return NULL;
	}
	return certainty;
}

void certainty_free(struct certainty *certainty)
{
	if (!certainty)
		return;
	free(certainty->ranges);
	free(certainty->heap);
	free(certainty->lengths);
	free(certainty->frequent);
	free(certainty->sums);
	free(certainty->attachments);
	free(certainty);
}

static void push(struct certainty *certainty, uint32_t number)
{
	size_t at = certainty->heap_count++;

	for (; at && number < certainty->heap[(at - 1) / 2]; at = (at - 1) / 2)
		certainty->heap[at] = certainty->heap[(at - 1) / 2];
	certainty->heap[at] = number;
}

static void pop(struct certainty *certainty)
{
	uint32_t last = certainty->heap[--certainty->heap_count];
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < certainty->heap_count; at = child) {
		child += child + 1 < certainty->heap_count &&
		         certainty->heap[child + 1] < certainty->heap[child];
		if (last <= certainty->heap[child])
			break;
		certainty->heap[at] = certainty->heap[child];
	}
	certainty->heap[at] = last;
}

uint64_t certainty_end(struct certainty *certainty, uint64_t at, uint64_t end, bool *certain)
{
	const struct uncertain_item *items = certainty->items;
	const struct range *ranges = certainty->ranges;
	uint64_t stop;

	if (at < certainty->at)
		certainty->next = certainty->heap_count = 0;
	certainty->at = at;
	while (certainty->next < certainty->range_count && ranges[certainty->next].start <= at)
		push(certainty, ranges[certainty->next++].number);
	while (certainty->heap_count && items[certainty->heap[0]].end <= at)
		pop(certainty);
	*certain = !certainty->heap_count;
	if (!*certain)
		stop = items[certainty->heap[0]].end;
	else
		stop = certainty->next < certainty->range_count ? ranges[certainty->next].start
		                                                : end;
	return stop < end ? stop : end;
}

/* How many calls ask for just so many bytes. */
static uint64_t calls_for(const struct certainty *certainty, uint64_t bytes)
{
	const struct length wanted = { .bytes = bytes };
	const struct length *length = bsearch(&wanted, certainty->lengths, certainty->length_count,
	                                      sizeof(wanted), compare_numbers);

	return length ? length->calls : 0;
}

/* So few calls of one length by their number, those lengths that more ask for one by one: either is the root of all. */
static bool asked_for_alike(const struct certainty *certainty, uint64_t bytes)
{
	for (uint64_t calls = 1; calls <= certainty->few; calls++) {
		if (bytes % calls == 0 && calls_for(certainty, bytes / calls) >= calls)
			return true;
	}
	for (size_t i = 0; i < certainty->frequent_count; i++) {
		const struct length *length = &certainty->frequent[i];

		if (bytes % length->bytes == 0 && bytes / length->bytes <= length->calls)
			return true;
	}
	return false;
}

bool certainty_asked_for(const struct certainty *certainty, uint64_t bytes)
{
	return certainty->length_count &&
	       (asked_for_alike(certainty, bytes) ||
	        has_number(certainty->sums, certainty->sum_count, bytes));
}

bool certainty_has_attachment(const struct certainty *certainty, uint64_t address)
{
	return has_number(certainty->attachments, certainty->attachment_count, address);
}
