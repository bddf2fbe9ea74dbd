/*
 * piece_pool_test: pieces are one's own until they are given back, and those of a large pool lie in huge pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/piece_pool.h"

enum { PIECE = 4096, PIECES = 3000 };

static uintptr_t told_from, told_to;

static void advise(void *memory, size_t bytes)
{
	uintptr_t start = (uintptr_t)memory;

	assert_int_equal(start % SLAB_BYTES, 0);
	assert_int_equal(bytes, SLAB_BYTES);
	told_from = start;
	told_to = start + bytes;
}

static void fill(unsigned char *piece, int number)
{
	memset(piece, number & 0xff, PIECE);
}

static int holds(const unsigned char *piece, int number)
{
	for (size_t i = 0; i < PIECE; i++) {
		if (piece[i] != (number & 0xff))
			return 0;
	}
	return 1;
}

static void pieces_are_ones_own(void **state)
{
	static unsigned char *pieces[PIECES];
	struct piece_pool pool = { .piece = PIECE, .advise = advise };
	size_t slabs;

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = piece_pool_take(&pool);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 64, 0);
		fill(pieces[i], i);
	}
	slabs = pool.slab_count;
	for (int i = 0; i < PIECES; i += 3)
		piece_pool_give(&pool, pieces[i]);
	for (int i = 0; i < PIECES; i += 3) {
		pieces[i] = piece_pool_take(&pool);
		fill(pieces[i], i + 100);
	}
	for (int i = 0; i < PIECES; i++)
		assert_true(holds(pieces[i], i % 3 ? i : i + 100));
	assert_int_equal(pool.slab_count, slabs);
	/* The last ones lie where advise() was told. */
	assert_in_range((uintptr_t)pieces[PIECES - 2], told_from, told_to - PIECE);
	piece_pool_free(&pool);
}

static void a_small_pool_is_small(void **state)
{
	struct piece_pool pool = { .piece = PIECE, .advise = advise };

	(void)state;
	told_from = 0;
	assert_non_null(piece_pool_take(&pool));
	assert_int_equal(pool.slab_count, 1);
	assert_int_equal(pool.unused_bytes, SLAB_FIRST_BYTES - PIECE);
	assert_int_equal(told_from, 0);
	piece_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_ones_own),
		cmocka_unit_test(a_small_pool_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
