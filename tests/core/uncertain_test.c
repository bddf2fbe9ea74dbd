/*
 * uncertain_test: what of a range the calls beside a snapshot leave uncertain, against a look at each of them; and of
 * very many calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/uncertain.h"

enum { PAGE = 4096, PLACES = 400, ITEMS = 120, ROUNDS = 3000, MANY = 300000 };

static uint64_t pick(uint64_t *random, uint64_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (*random >> 20) % below;
}

/* --- the simplest thing that tells the same ------------------------------------------------------------- */

static uint64_t end_of(const struct uncertain *uncertain, uint64_t at, uint64_t end, bool *certain)
{
	uint64_t certain_end = end;

	for (size_t i = 0; i < uncertain->count; i++) {
		const struct uncertain_item *item = &uncertain->items[i];

		if (item->kind != UNCERTAIN_RANGE || item->end <= at)
			continue;
		if (item->start <= at) {
			*certain = false;
			return item->end < end ? item->end : end;
		}
		if (item->start < certain_end)
			certain_end = item->start;
	}
	*certain = true;
	return certain_end;
}

static bool asked_for(const struct uncertain *uncertain, size_t first, uint64_t bytes,
                      unsigned calls)
{
	for (size_t i = first; calls && i < uncertain->count; i++) {
		const struct uncertain_item *item = &uncertain->items[i];

		if (item->kind != UNCERTAIN_ANYWHERE || item->end > bytes)
			continue;
		if (item->end == bytes || asked_for(uncertain, i + 1, bytes - item->end, calls - 1))
			return true;
	}
	return false;
}

static bool asked_for_alike(const struct uncertain *uncertain, uint64_t bytes)
{
	for (size_t i = 0; i < uncertain->count; i++) {
		uint64_t length = uncertain->items[i].end;
		uint64_t left = bytes;

		if (uncertain->items[i].kind != UNCERTAIN_ANYWHERE || bytes % length)
			continue;
		for (size_t j = i; left && j < uncertain->count; j++) {
			if (uncertain->items[j].kind == UNCERTAIN_ANYWHERE &&
			    uncertain->items[j].end == length)
				left -= length;
		}
		if (!left)
			return true;
	}
	return false;
}

static bool has_attachment(const struct uncertain *uncertain, uint64_t address)
{
	for (size_t i = 0; i < uncertain->count; i++) {
		if (uncertain->items[i].kind == UNCERTAIN_ATTACHMENT &&
		    uncertain->items[i].start == address)
			return true;
	}
	return false;
}

/* --- the tests ------------------------------------------------------------------------------------------ */

static struct uncertain_item an_item(uint64_t *random, uint64_t lengths)
{
	enum uncertain_kind kind = (enum uncertain_kind)pick(random, 3);
	uint64_t start = pick(random, PLACES) * PAGE;

	if (kind == UNCERTAIN_ANYWHERE)
		return (struct uncertain_item) { kind, 0, (1 + pick(random, lengths)) * PAGE };
	if (kind == UNCERTAIN_ATTACHMENT)
		return (struct uncertain_item) { kind, start, start };
	return (struct uncertain_item) { kind, start, start + (1 + pick(random, 20)) * PAGE };
}

static void assert_same(const struct uncertain *uncertain)
{
	struct certainty *certainty = certainty_new(uncertain);

	assert_non_null(certainty);
	for (unsigned twice = 0; twice < 2; twice++) {
		for (uint64_t at = 0, stop; at < PLACES * PAGE; at = stop) {
			uint64_t end = at + 37 * PAGE; /* of one difference, say */
			bool certain, expected;

			stop = certainty_end(certainty, at, end, &certain);
			assert_int_equal(stop, end_of(uncertain, at, end, &expected));
			assert_int_equal(certain, expected);
		}
	}
	for (uint64_t bytes = PAGE; bytes < 200 * PAGE; bytes += PAGE)
		assert_int_equal(
			certainty_asked_for(certainty, bytes),
			asked_for_alike(uncertain, bytes) ||
				asked_for(uncertain, 0, bytes, uncertain->count <= 64 ? 3 : 1));
	for (uint64_t address = 0; address < PLACES * PAGE; address += PAGE)
		assert_int_equal(certainty_has_attachment(certainty, address),
		                 has_attachment(uncertain, address));
	certainty_free(certainty);
}

static void tells_what_a_look_at_all_tells(void **state)
{
	uint64_t random = 88172645463325252;

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct uncertain_item items[ITEMS];
		struct uncertain uncertain = { .items = items };
		uint64_t lengths = 1 + pick(&random, 90);

		/* Few calls and many, which are tried three of all, or alike. */
		uncertain.count = round % 3 ? pick(&random, 12) : pick(&random, ITEMS);
		for (size_t i = 0; i < uncertain.count; i++)
			items[i] = an_item(&random, round % 7 ? lengths : 1);
		assert_same(&uncertain);
	}
}

/* Were each looked for among all, this would come to no end. */
static void tells_it_of_very_many(void **state)
{
	struct uncertain_item *items = calloc(3 * MANY, sizeof(*items));
	const struct uncertain uncertain = { .items = items, .count = 3 * MANY };
	struct certainty *certainty;
	uint64_t pieces = 0;

	(void)state;
	assert_non_null(items);
	for (uint64_t i = 0; i < MANY; i++) {
		uint64_t from = 4 * (i * 7919 % MANY) * PAGE;

		items[3 * i] = (struct uncertain_item) { UNCERTAIN_RANGE, from, from + 2 * PAGE };
		items[3 * i + 1] =
			(struct uncertain_item) { UNCERTAIN_ANYWHERE, 0, (2 + i % 1000) * PAGE };
		items[3 * i + 2] = (struct uncertain_item) { UNCERTAIN_ATTACHMENT, from, from };
	}
	certainty = certainty_new(&uncertain);
	for (uint64_t at = 0, stop; at < 4ull * MANY * PAGE; at = stop, pieces++) {
		bool certain;

		stop = certainty_end(certainty, at, UINT64_MAX, &certain);
		assert_int_equal(certain, pieces % 2);
		assert_true(certainty_has_attachment(certainty, at) == !certain);
		assert_true(pieces + 1 == 2 * MANY || stop == at + 2 * PAGE);
	}
	assert_int_equal(pieces, 2 * MANY);
	assert_true(certainty_asked_for(certainty, 2ull * PAGE * (MANY / 1000)));
	assert_true(certainty_asked_for(certainty, 1001ull * PAGE * (MANY / 1000)));
	assert_false(
		certainty_asked_for(certainty, 1009ull * PAGE)); /* a prime, and more than any */
	assert_false(certainty_asked_for(certainty, PAGE));
	certainty_free(certainty);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_a_look_at_all_tells),
		cmocka_unit_test(tells_it_of_very_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
