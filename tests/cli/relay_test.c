/*
 * relay_test: what is given is taken, all of it, in order, in the other thread; a drain waits for the last of it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/relay.h"

struct taking {
	uint64_t taken;
	uint64_t wrong;
	uint64_t by_giver; /* in the thread that gives */
	pthread_t giver;
	useconds_t pause_us;  /* of each item */
	uint64_t foreseen[2]; /* not soon, soon */
	uint64_t late;        /* foreseen when it was taken already */
};

struct item {
	uint64_t number;
	uint64_t again;
	char rest[40];
};

static void take(void *context, void *item)
{
	struct taking *taking = context;
	const struct item *given = item;

	taking->wrong += given->number != taking->taken || given->again != ~given->number;
	taking->taken++;
	taking->by_giver += pthread_equal(taking->giver, pthread_self()) != 0;
	if (taking->pause_us)
		usleep(taking->pause_us);
}

static void give(struct relay *relay, uint64_t number)
{
	struct item *item = relay_room(relay);

	item->number = number;
	item->again = ~number;
	relay_give(relay);
}

static void takes_all_in_order(void **state)
{
	static const uint64_t counts[] = { 0, 1, 127, 128, 129, 8 * 128, 8 * 128 + 1, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct taking taking = { .giver = pthread_self() };
		struct relay *relay = relay_new(sizeof(struct item), take, &taking);

		assert_non_null(relay);
		for (uint64_t number = 0; number < counts[i]; number++)
			give(relay, number);
		relay_free(relay);
		assert_int_equal(taking.taken, counts[i]);
		assert_int_equal(taking.wrong, 0);
		assert_int_equal(taking.by_giver, 0);
	}
}

static void waits_for_a_slow_taker(void **state)
{
	struct taking taking = { .giver = pthread_self(), .pause_us = 1 };
	struct relay *relay = relay_new(sizeof(struct item), take, &taking);

	(void)state;
	for (uint64_t number = 0; number < 5000; number++)
		give(relay, number);
	relay_free(relay);
	assert_int_equal(taking.taken, 5000);
	assert_int_equal(taking.wrong, 0);
	assert_int_equal(taking.by_giver, 0);
}

static void drains_whenever_asked(void **state)
{
	struct taking taking = { .giver = pthread_self() };
	struct relay *relay = relay_new(sizeof(struct item), take, &taking);
	uint64_t number = 0;

	(void)state;
	relay_drain(relay);
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < round; i++)
			give(relay, number++);
		relay_drain(relay);
		assert_int_equal(taking.taken, number);
	}
	relay_free(relay);
	assert_int_equal(taking.wrong, 0);
	assert_int_equal(taking.by_giver, 0);
	relay_free(NULL);
}

static void foresee(void *context, const void *item, bool soon)
{
	struct taking *taking = context;
	const struct item *given = item;

	taking->foreseen[soon]++;
	taking->late += given->number < taking->taken || given->again != ~given->number;
}

/* All but the first of a batch are, and no item that was not given. */
static void foresees_what_is_to_be_taken(void **state)
{
	static const uint64_t counts[] = { 0, 1, 4, 5, 9, 10, 11, 127, 128, 129, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct taking taking = { .giver = pthread_self() };
		struct relay *relay = relay_new(sizeof(struct item), take, &taking);

		assert_non_null(relay);
		relay_foresee(relay, foresee);
		for (uint64_t number = 0; number < counts[i]; number++)
			give(relay, number);
		relay_free(relay);
		assert_int_equal(taking.taken, counts[i]);
		assert_int_equal(taking.wrong, 0);
		assert_int_equal(taking.late, 0);
		assert_int_equal(taking.foreseen[false], counts[i]);
		assert_true(taking.foreseen[true] <= counts[i]);
		assert_true(taking.foreseen[true] >= counts[i] * 9 / 10 || counts[i] < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_in_order),
		cmocka_unit_test(waits_for_a_slow_taker),
		cmocka_unit_test(drains_whenever_asked),
		cmocka_unit_test(foresees_what_is_to_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
