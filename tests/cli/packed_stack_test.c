/*
 * packed_stack_test: what the recorder packs the reader unpacks, and what nobody packed is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../preload/packed_stack.h"
#include "io/trace_parts.h"

static size_t unpacked(const void *payload, size_t bytes, uint64_t *pcs)
{
	struct vmat_record record = { .type = VMAT_RECORD_PACKED_STACK, .bytes = (uint32_t)bytes };

	return trace_unpack_stack(&record, payload, pcs);
}

static void check(const uint64_t *pcs, size_t count)
{
	uint64_t packed[VMAT_DEPTH_LIMIT], back[VMAT_DEPTH_LIMIT];
	size_t bytes;

	memcpy(packed, pcs, count * sizeof(*pcs));
	bytes = packed_stack(packed, count);
	assert_true(bytes && bytes <= count * sizeof(*pcs) && bytes % 8 == 0);
	assert_int_equal(unpacked(packed, bytes, back), count);
	assert_memory_equal(back, pcs, count * sizeof(*pcs));
}

static uint64_t random_pc(void)
{
	static uint64_t state = 88172645463325252u;
	uint64_t pc;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	/* Near ones, far ones, the farthest; with a mark now and then. */
	pc = state >> (8 + state % 48);
	if (state & 1u << 20)
		pc += 0x7f1200000000;
	return pc % (1ull << VMAT_PC_BITS) | (state & 3u << 30) << 32;
}

static void test_every_depth(void **state)
{
	uint64_t pcs[VMAT_DEPTH_LIMIT];

	(void)state;
	for (int round = 0; round < 200; round++) {
		for (size_t count = 1; count <= VMAT_DEPTH_LIMIT; count++) {
			for (size_t i = 0; i < count; i++)
				pcs[i] = random_pc();
			check(pcs, count);
		}
	}
}

static void test_the_widest(void **state)
{
	uint64_t highest = (1ull << VMAT_PC_BITS) - 1;
	uint64_t pcs[] = {
		highest | VMAT_PC_MARKS, 0, highest | VMAT_PC_BY_FP, 1, highest, highest, 0
	};

	(void)state;
	check(pcs, sizeof(pcs) / sizeof(*pcs));
	for (size_t i = 0; i < sizeof(pcs) / sizeof(*pcs); i++)
		check(pcs + i, 1);
}

static void test_the_example_of_the_format(void **state)
{
	uint64_t pcs[] = { 0x401136, 0x401150, 0x7f0000001000 };
	const uint8_t expected[] = { 0x83, 0x4d, 0x04, 0x10, 0x81, 0x06, 0x06, 0xac,
		                     0xff, 0xef, 0xff, 0xbf, 0x1f, 0xff, 0xff, 0xff };

	(void)state;
	assert_int_equal(packed_stack(pcs, 3), sizeof(expected));
	assert_memory_equal(pcs, expected, sizeof(expected));
}

static void test_no_user_address_is_not_packed(void **state)
{
	uint64_t pcs[] = { 0x401136, 1ull << VMAT_PC_BITS }, before[2];

	(void)state;
	memcpy(before, pcs, sizeof(pcs));
	assert_int_equal(packed_stack(pcs, 2), 0);
	assert_memory_equal(pcs, before, sizeof(pcs));
}

static void test_what_nobody_packed(void **state)
{
	uint64_t pcs[VMAT_DEPTH_LIMIT];
	uint8_t bytes[VMAT_DEPTH_LIMIT + 8] = { 0 };

	(void)state;
	assert_int_equal(unpacked(bytes, 0, pcs), 0);
	assert_int_equal(unpacked(bytes, VMAT_DEPTH_LIMIT, pcs), VMAT_DEPTH_LIMIT);
	assert_int_equal(unpacked(bytes, VMAT_DEPTH_LIMIT + 8, pcs), 0);
	/* Cut in an entry, and nothing but what fills a word. */
	assert_int_equal(unpacked("\x83\x4d\x04", 3, pcs), 0);
	assert_int_equal(unpacked("\xff\xff\xff\xff", 4, pcs), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_depth),
		cmocka_unit_test(test_the_widest),
		cmocka_unit_test(test_the_example_of_the_format),
		cmocka_unit_test(test_no_user_address_is_not_packed),
		cmocka_unit_test(test_what_nobody_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
