/*
 * relay: see the header. Items are handed over by the batch: to wake a thread takes longer than to replay an event.
 */
#include "relay.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	BATCHES = 8,
	BATCH_ITEMS = 512,
	CACHE_LINE = 64,
	FORESEEN = 5, /* items before it is taken: as long as memory takes to answer, twice */
	CLAIMED = 4,  /* items before it is given: the taker's cache still has what lies there */
};

/* What the giver writes with each item lies in no cache line that the taker reads for each. */
struct relay {
	void (*take)(void *context, void *item);
	relay_foresees *foresee; /* or NULL */
	void *context;
	size_t item_bytes;
	char *items; /* BATCHES rows of them */
	bool has_thread;
	pthread_t thread;

	_Alignas(CACHE_LINE) size_t filled; /* of the giver's batch */

	_Alignas(CACHE_LINE) pthread_mutex_t lock; /* of what is below */
	pthread_cond_t given_more;
	pthread_cond_t taken_more;
	uint64_t given; /* batches since the start */
	uint64_t taken;
	size_t counts[BATCHES]; /* of items */
	bool ended;
};

static char *batch(const struct relay *relay, uint64_t number)
{
	return relay->items + number % BATCHES * BATCH_ITEMS * relay->item_bytes;
}

static void foresee(const struct relay *relay, char *items, size_t count, size_t at, bool soon)
{
	if (at < count)
		relay->foresee(relay->context, items + at * relay->item_bytes, soon);
}

/* Another processor wrote it. */
static void fetch(const struct relay *relay, const char *items, size_t count, size_t at)
{
	for (size_t i = 0; at < count && i < relay->item_bytes; i += CACHE_LINE)
		__builtin_prefetch(items + at * relay->item_bytes + i);
}

static void take_batch(const struct relay *relay, char *items, size_t count)
{
	for (size_t i = 0; relay->foresee && i < 2 * FORESEEN; i++)
		foresee(relay, items, count, i, false);
	for (size_t i = 0; i < count; i++) {
		if (relay->foresee) {
			fetch(relay, items, count, i + 3 * FORESEEN);
			foresee(relay, items, count, i + 2 * FORESEEN, false);
			foresee(relay, items, count, i + FORESEEN, true);
		}
		relay->take(relay->context, items + i * relay->item_bytes);
	}
}

static void *take_all(void *self)
{
	struct relay *relay = self;

	pthread_mutex_lock(&relay->lock);
	for (;;) {
		char *item = batch(relay, relay->taken);
		size_t count;

		while (relay->taken == relay->given && !relay->ended)
			pthread_cond_wait(&relay->given_more, &relay->lock);
		if (relay->taken == relay->given)
			break;
		count = relay->counts[relay->taken % BATCHES];
		pthread_mutex_unlock(&relay->lock);
		take_batch(relay, item, count);
		pthread_mutex_lock(&relay->lock);
		relay->taken++;
		pthread_cond_signal(&relay->taken_more);
	}
	pthread_mutex_unlock(&relay->lock);
	return NULL;
}

struct relay *relay_new(size_t item_bytes, void (*take)(void *context, void *item), void *context)
{
	struct relay *relay = aligned_alloc(CACHE_LINE, sizeof(*relay));

	if (!relay)
		return NULL;
	*relay = (struct relay) { .take = take, .context = context, .item_bytes = item_bytes };
	/* BATCH_ITEMS is a multiple of a line's bytes, so any item size will do. */
	relay->items = aligned_alloc(CACHE_LINE, (size_t)BATCHES * BATCH_ITEMS * item_bytes);
	if (!relay->items) {
		free(relay);
		return NULL;
	}
	pthread_mutex_init(&relay->lock, NULL);
	pthread_cond_init(&relay->given_more, NULL);
	pthread_cond_init(&relay->taken_more, NULL);
	relay->has_thread = pthread_create(&relay->thread, NULL, take_all, relay) == 0;
	return relay;
}

void relay_foresee(struct relay *relay, relay_foresees *by)
{
	relay->foresee = by;
}

void *relay_room(struct relay *relay)
{
	char *items = batch(relay, relay->given);
	size_t claimed = relay->filled + CLAIMED;

	for (size_t i = 0; claimed < BATCH_ITEMS && i < relay->item_bytes; i += CACHE_LINE)
		__builtin_prefetch(items + claimed * relay->item_bytes + i, 1);
	return items + relay->filled * relay->item_bytes;
}

/* left: batches that may then be untaken still. */
static void hand_over(struct relay *relay, uint64_t left)
{
	pthread_mutex_lock(&relay->lock);
	if (relay->filled) {
		relay->counts[relay->given % BATCHES] = relay->filled;
		relay->filled = 0;
		relay->given++;
		pthread_cond_signal(&relay->given_more);
	}
	while (relay->given - relay->taken > left)
		pthread_cond_wait(&relay->taken_more, &relay->lock);
	pthread_mutex_unlock(&relay->lock);
}

void relay_give(struct relay *relay)
{
	if (!relay->has_thread)
		relay->take(relay->context, relay_room(relay));
	else if (++relay->filled == BATCH_ITEMS)
		hand_over(relay, BATCHES - 1); /* one is the giver's */
}

void relay_drain(struct relay *relay)
{
	if (relay->has_thread)
		hand_over(relay, 0);
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	relay_drain(relay);
	if (relay->has_thread) {
		pthread_mutex_lock(&relay->lock);
		relay->ended = true;
		pthread_cond_signal(&relay->given_more);
		pthread_mutex_unlock(&relay->lock);
		pthread_join(relay->thread, NULL);
	}
	pthread_cond_destroy(&relay->taken_more);
	pthread_cond_destroy(&relay->given_more);
	pthread_mutex_destroy(&relay->lock);
	free(relay->items);
	free(relay);
}
