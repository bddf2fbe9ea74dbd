/*
 * order: effects by key, over a pool of events read ahead. An event stays in the pool until its last half was
 * taken. Most come nearly in order: they stand in a line, each put where it belongs, a few steps from its end. What
 * belongs further ahead than that waits in a binary heap.
 *
 *     line    [ 10 | 11 | 14 | 15 | 17 ]  <- 16: one step
 *     heap    4, 12                          as a call of long ago returns
 */
#include "order.h"

#include <stdlib.h>

#include "call_table.h"
#include "pages.h"
#include "races.h"

struct pooled {
	struct event event;
	uint32_t halves; /* still in the heap */
	uint32_t next_free;
};

struct entry {
	uint64_t key;
	uint64_t seq; /* among equal keys */
	uint32_t slot;
	uint8_t half; /* enum order_half */
};

#define NO_SLOT UINT32_MAX

enum {
	NEAR_END = 32, /* steps from the end of the line */
	AT_ONCE = 8,   /* events that are read, where they may be read ahead */
};

struct order {
	struct event_source source;
	uint64_t window;
	uint32_t page_bytes;
	uint32_t at_once;
	bool exhausted; /* nothing is unread but calls in flight */
	bool ended;     /* nothing at all is unread */
	bool no_memory;
	bool settled;    /* what is first is next, whatever is read */
	bool heap_first; /* ... and it is in the heap */
	uint64_t unread; /* no unread event that returned has a smaller exit */

	struct entry *line; /* a ring */
	size_t line_first;
	size_t line_count;
	size_t line_capacity; /* a power of two */
	struct entry *heap;
	size_t heap_count;
	size_t heap_capacity;
	struct pooled *pool;
	uint32_t pool_count;
	uint32_t pool_capacity;
	uint32_t free_slot;
	uint32_t taken_slot; /* of the event that was taken last */
	struct races *races;
};

struct order *order_new(const struct event_source *source, uint64_t window, uint32_t page_bytes)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return NULL;
	order->source = *source;
	order->window = window;
	order->page_bytes = page_bytes;
	order->free_slot = NO_SLOT;
	order->taken_slot = NO_SLOT;
	order->at_once = 1;
	order->races = races_new(window);
	if (!order->races) {
		free(order);
		return NULL;
	}
	return order;
}

void order_read_ahead(struct order *order, uint32_t events)
{
	order->window += events;
	order->at_once = AT_ONCE;
}

void order_free(struct order *order)
{
	if (!order)
		return;
	races_free(order->races);
	free(order->line);
	free(order->heap);
	free(order->pool);
	free(order);
}

/* --- the line, the heap ------------------------------------------------------------------------------- */

static bool before(const struct entry *a, const struct entry *b)
{
	return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

static struct entry *in_line(const struct order *order, size_t at)
{
	return &order->line[(order->line_first + at) & (order->line_capacity - 1)];
}

static bool grow_line(struct order *order)
{
	size_t capacity = order->line_capacity ? 2 * order->line_capacity : 64;
	struct entry *line = reallocarray(NULL, capacity, sizeof(*line));

	if (!line)
		return false;
	for (size_t i = 0; i < order->line_count; i++)
		line[i] = *in_line(order, i);
	free(order->line);
	order->line = line;
	order->line_first = 0;
	order->line_capacity = capacity;
	return true;
}

static bool push_heap(struct order *order, const struct entry *entry)
{
	size_t at = order->heap_count;

	if (at == order->heap_capacity) {
		size_t capacity = at ? 2 * at : 64;
		struct entry *heap = reallocarray(order->heap, capacity, sizeof(*heap));

		if (!heap)
			return false;
		order->heap = heap;
		order->heap_capacity = capacity;
	}
	order->heap_count++;
	while (at && before(entry, &order->heap[(at - 1) / 2])) {
		order->heap[at] = order->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	order->heap[at] = *entry;
	return true;
}

static bool push(struct order *order, const struct entry *entry)
{
	size_t end = order->line_count;
	size_t at = end;

	while (at && before(entry, in_line(order, at - 1))) {
		if (end - --at > NEAR_END)
			return push_heap(order, entry);
	}
	if (end == order->line_capacity && !grow_line(order))
		return false;
	for (size_t i = end; i > at; i--)
		*in_line(order, i) = *in_line(order, i - 1);
	*in_line(order, at) = *entry;
	order->line_count++;
	return true;
}

/* NULL: there is none. */
static const struct entry *find_first(struct order *order)
{
	const struct entry *line = order->line_count ? in_line(order, 0) : NULL;

	order->heap_first = order->heap_count && !(line && before(line, &order->heap[0]));
	return order->heap_first ? &order->heap[0] : line;
}

/* What find_first() found. */
static const struct entry *first(const struct order *order)
{
	return order->heap_first ? &order->heap[0] : in_line(order, 0);
}

static void pop_heap(struct order *order)
{
	const struct entry last = order->heap[--order->heap_count];
	size_t count = order->heap_count;
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			break;
		if (child + 1 < count && before(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (!before(&order->heap[child], &last))
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	if (count)
		order->heap[at] = last;
}

/* Takes what first() gives. */
static void pop(struct order *order)
{
	if (order->heap_first) {
		pop_heap(order);
		return;
	}
	order->line_first = (order->line_first + 1) & (order->line_capacity - 1);
	order->line_count--;
}

/* --- the pool ----------------------------------------------------------------------------------------- */

static uint32_t pool_take(struct order *order)
{
	uint32_t slot = order->free_slot;

	if (slot != NO_SLOT) {
		order->free_slot = order->pool[slot].next_free;
		return slot;
	}
	if (order->pool_count == order->pool_capacity) {
		uint32_t capacity = order->pool_capacity ? 2 * order->pool_capacity : 64;
		struct pooled *pool = reallocarray(order->pool, capacity, sizeof(*pool));

		if (!pool)
			return NO_SLOT;
		order->pool = pool;
		order->pool_capacity = capacity;
	}
	return order->pool_count++;
}

static void pool_give_back(struct order *order, uint32_t slot)
{
	order->pool[slot].next_free = order->free_slot;
	order->free_slot = slot;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static bool shrinks_to_result(const struct event *event, uint32_t page_bytes)
{
	(void)page_bytes;
	return event->result < event->args[1];
}

static bool shrinks_by_increment(const struct event *event, uint32_t page_bytes)
{
	(void)page_bytes;
	return (int64_t)event->args[0] < 0;
}

static bool always(const struct event *event, uint32_t page_bytes)
{
	(void)event;
	(void)page_bytes;
	return true;
}

/* Which effects give pages back, and when; the others only acquire. */
static const struct {
	bool (*releases)(const struct event *event, uint32_t page_bytes);
	bool acquires_too;
} releasing[EFFECT_COUNT] = {
	[EFFECT_UNMAPS] = { always, false },
	[EFFECT_DETACHES] = { always, false },
	[EFFECT_SETS_BREAK] = { shrinks_to_result, false },
	[EFFECT_MOVES_BREAK] = { shrinks_by_increment, false },
	[EFFECT_MOVES] = { mremap_releases, true },
};

static bool enqueue(struct order *order, uint32_t slot)
{
	const struct event *event = &order->pool[slot].event;
	enum call_effect effect = call_effect(event->call);
	struct entry entry = { 2 * event->exit + 1, event->seq, slot, ORDER_WHOLE };
	bool releases = releasing[effect].releases && !event->failed &&
	                releasing[effect].releases(event, order->page_bytes);

	order->pool[slot].halves = 1;
	if (event->left)
		return push(order, &entry);
	if (event->in_flight) {
		entry.key = UINT64_MAX;
		return push(order, &entry);
	}
	if (!releases)
		return push(order, &entry);
	if (releasing[effect].acquires_too) {
		order->pool[slot].halves = 2;
		entry.half = ORDER_ACQUIRE;
		if (!push(order, &entry))
			return false;
		entry.half = ORDER_RELEASE;
	}
	entry.key = 2 * event->enter;
	return push(order, &entry);
}

/* --- reading ahead ------------------------------------------------------------------------------------ */

/*
 * It is still in the pool: what changes attributes has the key 2 exit + 1, and is taken only when nothing unread can
 * have entered at or before its exit, so nothing that is read later overlaps it.
 */
static void mark_racy(void *context, uint32_t slot)
{
	struct order *order = context;

	order->pool[slot].event.racy = true;
}

static bool read_one(struct order *order)
{
	uint32_t slot = pool_take(order);
	struct event *event;

	if (slot == NO_SLOT)
		return false;
	event = &order->pool[slot].event;
	if (!order->source.next(order->source.self, event)) {
		pool_give_back(order, slot);
		order->exhausted = true;
		order->ended = true;
		return true;
	}
	event->racy = false;
	if (event->in_flight && !event->left) {
		order->exhausted = true;
	} else {
		if (event->exit >= order->unread)
			order->unread = event->exit + 1;
		if (!races_add(order->races, event, slot, order->page_bytes, mark_racy, order))
			return false;
	}
	return enqueue(order, slot);
}

/* Several at once: what is first is looked for less often. */
static bool read_some(struct order *order)
{
	for (size_t i = 0; i < order->at_once && !order->ended; i++) {
		if (!read_one(order))
			return false;
	}
	return true;
}

/* True if an unread event could still have a key at or below this one; calls in flight are all equal. */
static bool undercut(const struct order *order, uint64_t key)
{
	uint64_t enter = order->unread > order->window ? order->unread - order->window : 0;

	return key >= 2 * enter;
}

static enum order_status settle(struct order *order)
{
	const struct entry *entry = find_first(order);

	while (!order->no_memory && !order->ended && (!entry || undercut(order, entry->key))) {
		order->no_memory = !read_some(order);
		entry = find_first(order);
	}
	if (order->no_memory)
		return ORDER_NO_MEMORY;
	order->settled = entry != NULL;
	return entry ? ORDER_SOME : ORDER_END;
}

enum order_status order_peek(struct order *order, struct ordered *ordered)
{
	enum order_status status = order->settled ? ORDER_SOME : settle(order);
	const struct entry *entry;

	if (status != ORDER_SOME)
		return status;
	entry = first(order);
	*ordered = (struct ordered) { &order->pool[entry->slot].event, entry->half, entry->key };
	return ORDER_SOME;
}

void order_take(struct order *order)
{
	uint32_t slot = first(order)->slot;

	/* The event given out last is no longer looked at. */
	if (order->taken_slot != NO_SLOT && !order->pool[order->taken_slot].halves)
		pool_give_back(order, order->taken_slot);
	order->pool[slot].halves--;
	order->taken_slot = slot;
	order->settled = false;
	pop(order);
}

bool order_read_past(struct order *order, uint64_t head)
{
	/* Once calls in flight are met, all of them are wanted: they entered at any time. */
	while (!order->no_memory && !order->ended &&
	       (order->exhausted || order->unread <= head + order->window))
		order->no_memory = !read_one(order);
	return !order->no_memory;
}
