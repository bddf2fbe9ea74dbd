/*
 * number_table_test: what was put in is found, of keys as they come and of keys that were chosen to have one place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/number_table.h"

enum { KEYS = 300000 };

/* What the product of number_table.c's hash is undone by: the inverse of its factor, modulo 2^64. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t found = odd; /* of the lowest three bits; each step doubles them */

	for (int i = 0; i < 5; i++)
		found *= 2 - odd * found;
	return found;
}

static uint64_t key_of_product(uint64_t product)
{
	return product * inverse(0x9e3779b97f4a7c15);
}

/* Products 1, 2, ...: the upper bits, which tell the place, are 0 in all of them. */
static uint64_t chosen(uint64_t i)
{
	return key_of_product(i + 1);
}

static uint64_t counted(uint64_t i)
{
	return i; /* 0 is a key like any other */
}

static uint64_t mixed(uint64_t i)
{
	return i % 3 ? chosen(i) : (i + 1) << 40;
}

/* Each number is that of its key, however the table grows meanwhile. */
static void holds(uint64_t (*key)(uint64_t i), size_t slots)
{
	struct number_table table = { 0 };

	for (uint64_t i = 0; i < KEYS; i++) {
		uint64_t *number;

		assert_null(number_table_find(&table, key(i)));
		number = number_table_at(&table, key(i));
		assert_non_null(number);
		assert_int_equal(*number, 0);
		*number = i + 1;
		assert_int_equal(table.count, i + 1);
		number = number_table_at(&table, key(i / 2));
		assert_int_equal(*number, i / 2 + 1);
	}
	for (uint64_t i = 0; i < KEYS; i++)
		assert_int_equal(*number_table_find(&table, key(i)), i + 1);
	for (uint64_t i = 0; i < KEYS; i++)
		assert_null(number_table_find(&table, key(KEYS + i)));
	assert_int_equal(table.count, KEYS);
	assert_true(table.slots <= slots); /* those that have none need none */
	number_table_release(&table);
}

static void holds_any_keys(void **state)
{
	(void)state;
	holds(counted, 4 * KEYS);
	holds(mixed, 4 * KEYS);
}

/* Were each looked for among all the others, this would come to no end. */
static void holds_keys_of_one_place(void **state)
{
	(void)state;
	holds(chosen, 256);
}

/*
 * Of 512 slots the last 16 and the first 48 are of one place; behind them are those of places among the first ones. In
 * 1,024 slots, where these come before the last of those, they leave them too few.
 */
static void holds_what_loses_its_slot(void **state)
{
	enum { FILL = 129, CROWD = 64, BESIDE = 16, ALL = 300 };
	struct number_table table = { 0 };
	uint64_t keys[ALL];

	(void)state;
	for (uint64_t i = 0; i < ALL; i++) {
		uint64_t product = (100 + i) << 55;

		if (i >= FILL && i < FILL + CROWD)
			product = 496ull << 55 | i;
		else if (i >= FILL + CROWD && i < FILL + CROWD + BESIDE)
			product = (16 + (i - FILL - CROWD)) << 54;
		keys[i] = key_of_product(product);
		*number_table_at(&table, keys[i]) = i + 1;
		for (uint64_t j = 0; j <= i; j++)
			assert_int_equal(*number_table_find(&table, keys[j]), j + 1);
	}
	assert_int_equal(table.count, ALL);
	assert_true(table.near < ALL);
	number_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_any_keys),
		cmocka_unit_test(holds_keys_of_one_place),
		cmocka_unit_test(holds_what_loses_its_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
