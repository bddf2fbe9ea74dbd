/*
 * overtaken_test: more calls in doubt at once than tests/replay can write down. What there is no room for is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/call_table.h"
#include "core/overtaken.h"
#include "core/walk.h"

enum { PAGE = 4096, BASE = 10 };

static const uint64_t first = 0x10000000;

struct source {
	size_t count;
	size_t next;
};

/* Each by a thread of its own, a page apart; all began before the oldest event that is left. */
static bool next_unmapping(void *self, struct event *event)
{
	struct source *source = self;
	size_t i = source->next;

	if (i == source->count)
		return false;
	*event = (struct event) { .seq = BASE + 1 + i,
		                  .enter = 1,
		                  .exit = BASE + 1 + i,
		                  .tid = (uint32_t)(1 + i),
		                  .call = CALL_MUNMAP,
		                  .args = { first + 2 * PAGE * i, PAGE } };
	source->next++;
	return true;
}

/* The base shows all pages; the list behind it those of even number: the others were unmapped behind the base. */
static struct walk_totals walk_over(size_t count)
{
	struct vma_row *rows = calloc(count + count / 2, sizeof(*rows));
	struct source source = { .count = count };
	struct snapshot snapshots[2] = {
		{ .begin = BASE, .end = BASE, .rows = rows, .row_count = count },
		{ .id = 1, .begin = BASE + 1 + count, .end = BASE + 1 + count },
	};
	struct walk_input input = {
		.events = { next_unmapping, &source },
		.snapshots = snapshots,
		.snapshot_count = 2,
		.first_seq = 5,
		.window = count + BASE,
		.page_bytes = PAGE,
	};
	const struct walk_observer nobody = { 0 };
	struct walk_totals totals;
	struct walk *walk;

	assert_non_null(rows);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct vma_row) { .start = first + 2 * PAGE * i,
			                     .end = first + 2 * PAGE * i + PAGE,
			                     .prot = 3,
			                     .name = "" };
	for (size_t i = 0; i < count / 2; i++)
		rows[count + i] = rows[2 * i];
	snapshots[1].rows = rows + count;
	snapshots[1].row_count = count / 2;
	walk = walk_new(&input);
	assert_non_null(walk);
	assert_int_equal(walk_run(walk, &nobody), WALK_DONE);
	totals = *walk_totals(walk);
	walk_free(walk);
	free(rows);
	return totals;
}

static void all_wait(void **state)
{
	struct walk_totals totals = walk_over(OVERTAKEN_RANGES);

	(void)state;
	assert_int_equal(totals.events, OVERTAKEN_RANGES);
	assert_int_equal(totals.undecided, 0);
	assert_int_equal(totals.matched, 1);
	assert_int_equal(totals.implicit_changes, 0);
	assert_int_equal(totals.unexplained_vmas, 0);
}

static void those_beyond_are_counted(void **state)
{
	struct walk_totals totals = walk_over(OVERTAKEN_RANGES + 200);

	(void)state;
	assert_int_equal(totals.undecided, 200);
	/* Of what was not awaited every second page is there all the same, and verify says so. */
	assert_int_equal(totals.matched, 0);
	assert_int_equal(totals.unexplained_vmas, 100);
}

/* One unmapping of many pages, and beside the list behind it more calls than can be told apart, each on one of them. */
static void one_beside_many_calls_is_counted_once(void **state)
{
	enum { CALLS = 2 * OVERTAKEN_RANGES };
	struct uncertain_item *items = calloc(CALLS, sizeof(*items));
	struct overtaken_range *range = calloc(1, sizeof(*range));
	struct uncertain uncertain = { .items = items, .count = CALLS };
	struct overtaken overtaken = { .doubtful = { .items = range, .count = 1 } };
	const struct snapshot snapshot = { .begin = BASE, .end = BASE };
	struct replay *replay = replay_new(PAGE, 0);
	uint32_t racy = 0;

	(void)state;
	assert_true(items && range && replay);
	*range = (struct overtaken_range) { 1, { first, first + 2 * PAGE * (uint64_t)CALLS } };
	for (uint64_t i = 0; i < CALLS; i++)
		items[i] = (struct uncertain_item) { .kind = UNCERTAIN_RANGE,
			                             .start = first + 2 * PAGE * i,
			                             .end = first + 2 * PAGE * i + PAGE };
	assert_true(overtaken_settle(&overtaken, &snapshot, &uncertain, replay, &racy));
	assert_int_equal(overtaken.doubtful.count, OVERTAKEN_RANGES);
	assert_int_equal(overtaken.dropped, 1);
	overtaken_release(&overtaken);
	replay_free(replay);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_wait),
		cmocka_unit_test(those_beyond_are_counted),
		cmocka_unit_test(one_beside_many_calls_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
