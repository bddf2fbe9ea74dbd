/*
 * fault_test: what is known of a page, and what was wrong with an access to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/fault.h"

enum { R = 1, W = 2, X = 4 };
#define ADDRESS 0x7f0000000000u

#define HOLE(...)                                                                                  \
	(struct fault_facts)                                                                       \
	{                                                                                          \
		.mapped = false, __VA_ARGS__                                                       \
	}
#define PAGE(...)                                                                                  \
	(struct fault_facts)                                                                       \
	{                                                                                          \
		.mapped = true, __VA_ARGS__                                                        \
	}

static enum fault_reason reason(uint64_t address, unsigned access, bool bus,
                                struct fault_facts facts)
{
	const struct fault fault = { .address = address, .access = access, .bus = bus };

	return fault_explain(&fault, &facts);
}

static void origins(void **state)
{
	const struct fault nowhere = { .no_address = true };
	const struct fault_facts facts = HOLE(.has_last = false);

	(void)state;
	assert_int_equal(fault_origin(1), FAULT_OF_ACCESS);    /* SEGV_MAPERR */
	assert_int_equal(fault_origin(0x80), FAULT_OF_KERNEL); /* SI_KERNEL */
	assert_int_equal(fault_origin(0), FAULT_SENT);         /* SI_USER */
	assert_int_equal(fault_origin(-6), FAULT_SENT);        /* SI_TKILL */
	assert_int_equal(fault_explain(&nowhere, &facts), FAULT_NO_ADDRESS);
}

static void holes(void **state)
{
	(void)state;
	assert_int_equal(reason(0x28, R, false, HOLE(.has_last = false)), FAULT_NULL);
	assert_int_equal(reason(ADDRESS, R, false, HOLE(.has_last = false)), FAULT_NEVER);
	assert_int_equal(reason(ADDRESS, W, false, HOLE(.has_last = true, .last = CHANGE_REMOVE)),
	                 FAULT_UNMAPPED);
	assert_int_equal(reason(ADDRESS, W, false,
	                        HOLE(.has_last = true, .last = CHANGE_MOVE, .moved_away = true)),
	                 FAULT_MOVED);
	assert_int_equal(reason(ADDRESS, W, false, HOLE(.stack_start = ADDRESS + 0x100000)),
	                 FAULT_STACK_LIMIT);
	assert_int_equal(reason(ADDRESS, W, false, HOLE(.stack_start = ADDRESS + (9ull << 20))),
	                 FAULT_NEVER);
	assert_int_equal(reason(ADDRESS, W, false, HOLE(.stack_start = ADDRESS - 0x1000)),
	                 FAULT_NEVER);
}

static void pages(void **state)
{
	(void)state;
	assert_int_equal(reason(ADDRESS, W, false, PAGE(.prot = R)), FAULT_PROTECTED);
	assert_int_equal(reason(ADDRESS, X, false, PAGE(.prot = R | W, .kind = KIND_ANONYMOUS)),
	                 FAULT_PROTECTED);
	assert_int_equal(reason(ADDRESS, R, false, PAGE(.prot = 0)), FAULT_PROTECTED);
	assert_int_equal(reason(ADDRESS, R, false, PAGE(.prot = 0, .kind = KIND_GUARD)),
	                 FAULT_GUARD);
	/* A core does not tell which access it was. */
	assert_int_equal(reason(ADDRESS, 0, false, PAGE(.prot = R)), FAULT_PROTECTED);
	assert_int_equal(reason(ADDRESS, R, false, PAGE(.prot = R)), FAULT_UNKNOWN);
	assert_int_equal(reason(ADDRESS, 0, false, PAGE(.prot = R | W | X)), FAULT_UNKNOWN);
	assert_int_equal(reason(ADDRESS, W, true, PAGE(.prot = R | W, .file = true)),
	                 FAULT_BEYOND_FILE);
	assert_int_equal(reason(ADDRESS, W, true, PAGE(.prot = R | W, .kind = KIND_ANONYMOUS)),
	                 FAULT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins),
		cmocka_unit_test(holes),
		cmocka_unit_test(pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
