/*
 * shortage_test: a call that found no memory, what there was, and which limit it ran into; forecasts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/shortage.h"
#include "vmatrace/trace_format.h"

enum { PAGE = 4096, R = 1, W = 2 };
#define MIB(n) ((uint64_t)(n) << 20)

static const struct shortage_limits unlimited = {
	.max_map_count = 65530, .as = UINT64_MAX, .data = UINT64_MAX, .memlock = UINT64_MAX
};

static struct event failed(uint16_t call, int error, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return (struct event) {
		.call = call, .failed = true, .error = error, .args = { a, b, c, d }
	};
}

static void limits(void **state)
{
	const struct event map =
		failed(CALL_MMAP, ENOMEM, 0, MIB(1), R | W, MAP_PRIVATE | MAP_ANONYMOUS);
	const struct event read_only =
		failed(CALL_MMAP, ENOMEM, 0, MIB(1), R, MAP_PRIVATE | MAP_ANONYMOUS);
	const struct event lock = failed(CALL_MLOCK, ENOMEM, 0x10000, MIB(1), 0, 0);
	struct shortage_facts facts = { .vmas = 100, .mapped = MIB(10), .asked = MIB(1) };
	struct shortage_limits some = unlimited;

	(void)state;
	assert_int_equal(shortage_explain(&facts, &map, &unlimited), SHORTAGE_OTHER);
	some.as = MIB(11);
	assert_int_equal(shortage_explain(&facts, &map, &some), SHORTAGE_OTHER);
	some.as = MIB(11) - PAGE;
	assert_int_equal(shortage_explain(&facts, &map, &some), SHORTAGE_AS);
	some = unlimited;
	some.data = MIB(5);
	facts.data = MIB(5);
	assert_int_equal(shortage_explain(&facts, &map, &some), SHORTAGE_DATA);
	assert_int_equal(shortage_explain(&facts, &read_only, &some), SHORTAGE_OTHER);
	some.memlock = MIB(1);
	facts.locked = PAGE;
	assert_int_equal(shortage_explain(&facts, &lock, &some), SHORTAGE_MEMLOCK);
	facts.hole = 0x20000;
	assert_int_equal(shortage_explain(&facts, &lock, &some), SHORTAGE_HOLE);
	facts.hole = 0;
	facts.vmas = 65528;
	assert_int_equal(shortage_explain(&facts, &map, &unlimited), SHORTAGE_VMAS);
	facts.asked = 1ull << 62;
	assert_int_equal(shortage_explain(&facts, &map, &unlimited), SHORTAGE_SIZE);
}

static enum shortage of_promises(unsigned mode, uint64_t asked, uint64_t prot, uint64_t flags)
{
	const struct event map = failed(CALL_MMAP, ENOMEM, 0, asked, prot, flags);
	const struct shortage_facts facts = { .vmas = 100, .mapped = MIB(10), .asked = asked };
	const struct vmat_header header = {
		.max_map_count = 65530,
		.limit_as = UINT64_MAX,
		.limit_data = UINT64_MAX,
		.limit_memlock = UINT64_MAX,
		.overcommit = mode,
		.memory_total = MIB(1000),
		.swap_total = MIB(24),
		.commit_limit = MIB(500),
		.committed = MIB(499),
	};
	const struct shortage_limits limits = shortage_limits_of(&header);

	return shortage_explain(&facts, &map, &limits);
}

/* The modes are 1 + vm.overcommit_memory, as the header has them. */
static void promises(void **state)
{
	enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, SHARED = MAP_SHARED | MAP_ANONYMOUS };

	(void)state;
	assert_int_equal(of_promises(1, MIB(1025), R | W, ANONYMOUS), SHORTAGE_OVERCOMMIT);
	assert_int_equal(of_promises(1, MIB(1025), R | W, SHARED), SHORTAGE_OVERCOMMIT);
	assert_int_equal(of_promises(1, MIB(1024), R | W, ANONYMOUS), SHORTAGE_OTHER);
	assert_int_equal(of_promises(1, MIB(1025), R, ANONYMOUS), SHORTAGE_OTHER);
	assert_int_equal(of_promises(1, MIB(1025), R | W, MAP_SHARED), SHORTAGE_OTHER);
	assert_int_equal(of_promises(1, MIB(1025), R | W, ANONYMOUS | MAP_NORESERVE),
	                 SHORTAGE_OTHER);
	assert_int_equal(of_promises(2, MIB(1025), R | W, ANONYMOUS), SHORTAGE_OTHER);
	assert_int_equal(of_promises(3, MIB(2), R | W, ANONYMOUS), SHORTAGE_OVERCOMMIT);
	assert_int_equal(of_promises(3, MIB(2), R | W, ANONYMOUS | MAP_NORESERVE),
	                 SHORTAGE_OVERCOMMIT);
	assert_int_equal(of_promises(3, MIB(2), R, ANONYMOUS), SHORTAGE_OTHER);
	/* Not known, and what a damaged or newer trace may hold. */
	assert_int_equal(of_promises(0, MIB(1025), R | W, ANONYMOUS), SHORTAGE_OTHER);
	assert_int_equal(of_promises(77, MIB(1025), R | W, ANONYMOUS), SHORTAGE_OTHER);
}

static void only_want_of_memory(void **state)
{
	struct event event = failed(CALL_MMAP, EINVAL, 0, PAGE, R, 0);

	(void)state;
	assert_false(shortage_is(&event));
	event.error = ENOMEM;
	assert_true(shortage_is(&event));
	event.error = EAGAIN; /* MAP_LOCKED beyond the limit */
	assert_true(shortage_is(&event));
	event.call = CALL_MADVISE;
	assert_false(shortage_is(&event));
	event = failed(CALL_SHM_OPEN, ENOMEM, 0, 0, 0, 0);
	assert_false(shortage_is(&event));
}

static void facts_of_a_map(void **state)
{
	struct vma_map *map = vma_map_new(PAGE);
	const struct vma_run runs[] = {
		{ .start = 0x10000, .end = 0x14000, .prot = R | W, .created_by = 1 },
		{ .start = 0x14000, .end = 0x15000, .prot = R, .created_by = 1 },
		{ .start = 0x20000, .end = 0x22000, .prot = R | W, .shared = true },
		{ .start = 0x30000, .end = 0x31000, .prot = R | W, .map_flags = RUN_LOCKED },
		{ .start = 0x7f000, .end = 0x80000, .prot = R | W, .grows_down = true },
		{ .start = 0xffffffffff600000, .end = 0xffffffffff601000, .prot = 4 },
	};
	const struct event protect = failed(CALL_MPROTECT, ENOMEM, 0x14000, 3 * PAGE, R, 0);
	struct shortage_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		assert_true(vma_map_set(map, &runs[i]));
	shortage_read(&facts, map, &protect);
	assert_int_equal(facts.vmas, 5);
	assert_int_equal(facts.mapped, 9 * PAGE);
	assert_int_equal(facts.data, 5 * PAGE);
	assert_int_equal(facts.locked, PAGE);
	assert_int_equal(facts.hole, 0x15000);
	assert_int_equal(facts.asked, 0);
	vma_map_free(map);
}

/* Only what is private and was not writable is counted anew, and address space is not asked for. */
static void asked_of_mprotect(void **state)
{
	struct vma_map *map = vma_map_new(PAGE);
	const struct vma_run runs[] = {
		{ .start = 0x10000, .end = 0x14000, .prot = R | W, .created_by = 1 },
		{ .start = 0x14000, .end = 0x1c000, .created_by = 2 },
		{ .start = 0x1c000, .end = 0x1e000, .prot = R, .shared = true },
		{ .start = 0x1e000, .end = 0x20000, .prot = R, .created_by = 3 },
	};
	const struct event protect =
		failed(CALL_MPROTECT, ENOMEM, 0x12000, 0x1f000 - 0x12000, R | W, 0);
	struct shortage_limits some = unlimited;
	struct shortage_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		assert_true(vma_map_set(map, &runs[i]));
	shortage_read(&facts, map, &protect);
	assert_int_equal(facts.asked, 9 * PAGE);
	assert_int_equal(facts.hole, 0);
	some.as = facts.mapped;
	assert_int_equal(shortage_explain(&facts, &protect, &some), SHORTAGE_OTHER);
	some.data = facts.data + facts.asked;
	assert_int_equal(shortage_explain(&facts, &protect, &some), SHORTAGE_OTHER);
	some.data--;
	assert_int_equal(shortage_explain(&facts, &protect, &some), SHORTAGE_DATA);
	some = unlimited;
	some.overcommit = OVERCOMMIT_GUESS;
	some.memory = 9 * PAGE;
	assert_int_equal(shortage_explain(&facts, &protect, &some), SHORTAGE_OTHER);
	some.memory--;
	assert_int_equal(shortage_explain(&facts, &protect, &some), SHORTAGE_OVERCOMMIT);
	vma_map_free(map);
}

static void forecasts(void **state)
{
	uint64_t values[20], ns;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		values[i] = 100 + 10 * i;
	/* 290 at the last, 10 each step: 71 steps to 1000. */
	assert_true(shortage_forecast(values, 20, 1000, 1000, &ns));
	assert_int_equal(ns, 71000);
	assert_false(shortage_forecast(values, 20, 1000, 290, &ns));
	for (size_t i = 0; i < 20; i++)
		values[i] = i < 15 ? 100 : 200; /* one step is no growth */
	assert_false(shortage_forecast(values, 20, 1000, 1000, &ns));
	for (size_t i = 0; i < 20; i++)
		values[i] = 300 - i;
	assert_false(shortage_forecast(values, 20, 1000, 1000, &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(promises),
		cmocka_unit_test(only_want_of_memory),
		cmocka_unit_test(facts_of_a_map),
		cmocka_unit_test(asked_of_mprotect),
		cmocka_unit_test(forecasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
