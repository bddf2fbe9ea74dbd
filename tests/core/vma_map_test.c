/*
 * vma_map_test: the map against the simplest thing that could hold the same: one entry for each page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/undo_log.h"
#include "core/vma_map.h"

enum { PAGE = 4096, PAGES = 4096, ROUNDS = 60000 };

struct page {
	bool mapped;
	uint8_t prot;
	uint64_t created_by;
	uint64_t delta;
	object_id object;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool same_row(const struct page *low, const struct page *high)
{
	return low->mapped && high->mapped && low->prot == high->prot &&
	       low->object == high->object && low->delta == high->delta;
}

static void assert_same(const struct vma_map *map, const struct page *pages)
{
	uint64_t bytes = 0;
	size_t rows = 0;

	assert_true(vma_map_check(map));
	for (uint64_t i = 0; i < PAGES; i++) {
		const struct vma_run *run = vma_map_at(map, i * PAGE);
		bool mapped = run && run->start <= i * PAGE;

		assert_int_equal(mapped, pages[i].mapped);
		if (!mapped)
			continue;
		assert_int_equal(run->prot, pages[i].prot);
		assert_int_equal(run->created_by, pages[i].created_by);
		assert_int_equal(run->object, pages[i].object);
		assert_int_equal(run->delta, pages[i].delta);
		bytes += PAGE;
		rows += !i || !same_row(&pages[i - 1], &pages[i]);
	}
	assert_int_equal(vma_map_bytes(map), bytes);
	assert_int_equal(vma_map_count(map), rows);
	assert_int_equal(vma_map_rows(map, NULL, 0), rows);
}

/* Some pages become something else, in both. */
static void change_some(struct vma_map *map, struct page *pages, uint64_t *random, object_id file)
{
	uint64_t first = next_random(random) % PAGES;
	uint64_t most = next_random(random) % 64 ? 4 : 1500;
	uint64_t count = 1 + next_random(random) % most;
	struct page page = {
		.mapped = next_random(random) % 3,
		.prot = (uint8_t)(next_random(random) % 3),
		.created_by = next_random(random) % 3,
		.object = next_random(random) % 4 ? OBJECT_ANONYMOUS : file,
	};
	struct vma_run run = {
		.prot = page.prot,
		.object = page.object,
		.created_by = page.created_by,
	};

	if (count > PAGES - first)
		count = PAGES - first;
	if (page.object == file)
		run.delta = page.delta = next_random(random) % 2 * PAGE;
	run.start = first * PAGE;
	run.end = (first + count) * PAGE;
	if (page.mapped)
		assert_true(vma_map_set(map, &run));
	else
		assert_true(vma_map_clear(map, run.start, run.end));
	for (uint64_t i = first; i < first + count; i++)
		pages[i] = page.mapped ? page : (struct page) { 0 };
}

static void holds_what_pages_hold(void **state)
{
	static struct page pages[PAGES];
	struct vma_map *map = vma_map_new(PAGE);
	uint64_t random = 88172645463325252;
	object_id file;

	(void)state;
	assert_true(vma_map_object(map, 8, 1, 77, "/file", &file));
	for (uint64_t round = 0; round < ROUNDS; round++) {
		change_some(map, pages, &random, file);
		if (round % 500 == 0)
			assert_same(map, pages);
		assert_true(round % 50 || vma_map_check(map));
	}
	assert_same(map, pages);
	assert_true(vma_map_clear(map, 0, UINT64_MAX));
	assert_null(vma_map_at(map, 0));
	assert_int_equal(vma_map_count(map), 0);
	vma_map_free(map);
}

/* However much is changed after it, or nothing, or everything; and however often it is kept anew. */
static void goes_back_to_what_it_was(void **state)
{
	static struct page pages[PAGES], kept[PAGES];
	struct vma_map *map = vma_map_new(PAGE);
	uint64_t random = 88172645463325252;
	object_id file;

	(void)state;
	assert_true(vma_map_object(map, 8, 1, 77, "/file", &file));
	for (uint64_t round = 0; round < 200; round++) {
		uint64_t keeps = 1 + next_random(&random) % 4;

		for (uint64_t i = 0; i < keeps; i++) {
			for (uint64_t n = next_random(&random) % 500; n; n--)
				change_some(map, pages, &random, file);
			vma_map_keep(map);
			memcpy(kept, pages, sizeof(kept));
		}
		for (uint64_t n = round % 20 ? next_random(&random) % (1u << round % 12) : 0; n;
		     n--)
			change_some(map, pages, &random, file);
		/* Blocks of few runs become one with their neighbours. */
		for (uint64_t n = round % 3 ? 0 : next_random(&random) % 200; n; n--) {
			uint64_t first = next_random(&random) % (PAGES - 32);

			assert_true(vma_map_clear(map, first * PAGE, (first + 32) * PAGE));
			memset(&pages[first], 0, 32 * sizeof(*pages));
		}
		if (round % 20 == 10) {
			assert_true(vma_map_clear(map, 0, UINT64_MAX));
			memset(pages, 0, sizeof(pages));
		}
		assert_same(map, pages);
		assert_true(vma_map_go_back(map));
		memcpy(pages, kept, sizeof(pages));
		assert_same(map, pages);
	}
	vma_map_free(map);
}

/* Every second page is a run of its own. */
static void set_runs(struct vma_map *map, uint64_t runs)
{
	for (uint64_t i = 0; i < runs; i++) {
		const struct vma_run run = { .start = 2 * i * PAGE,
			                     .end = (2 * i + 1) * PAGE,
			                     .created_by = 1 + i };

		assert_true(vma_map_set(map, &run));
	}
}

/* Far behind all others. */
static void change_elsewhere(struct vma_map *map, uint64_t times)
{
	const struct vma_run run = { .start = 1ull << 40, .end = (1ull << 40) + PAGE };

	for (uint64_t i = 0; i < times; i++)
		assert_true(i % 2 ? vma_map_clear(map, run.start, run.end)
		                  : vma_map_set(map, &run));
}

static void goes_back_behind_each(uint64_t elsewhere)
{
	enum { RUNS = 300 }; /* so few that the log has no more than the least room */
	struct vma_map *map = vma_map_new(PAGE);

	for (uint64_t joined = 0; joined < RUNS; joined++) {
		set_runs(map, RUNS);
		vma_map_keep(map);
		change_elsewhere(map, elsewhere);
		assert_true(vma_map_set(map, &(struct vma_run) { .start = (2 * joined + 1) * PAGE,
		                                                 .end = (2 * joined + 2) * PAGE,
		                                                 .created_by = 1 + joined }));
		assert_int_equal(vma_map_at(map, 2 * joined * PAGE)->end, (2 * joined + 2) * PAGE);
		assert_true(vma_map_go_back(map));
		assert_int_equal(vma_map_at(map, 2 * joined * PAGE)->end, (2 * joined + 1) * PAGE);
		assert_int_equal(vma_map_bytes(map), RUNS * PAGE);
		assert_true(vma_map_check(map));
	}
	vma_map_free(map);
}

/*
 * New pages become part of the run before them, wherever that lies: the last of a block is kept like any other, be it
 * by the run or, when so much has changed that blocks are, by the block.
 */
static void goes_back_behind_each_run(void **state)
{
	(void)state;
	goes_back_behind_each(0);
	goes_back_behind_each(UNDO_LEAST - 1);
	goes_back_behind_each(UNDO_LEAST);
	goes_back_behind_each(UNDO_LEAST + 1);
}

/* One change takes away more than the log of changes has room for, as the first one or behind others. */
static void goes_back_from_a_full_log(void **state)
{
	enum { ROOM = UNDO_LEAST + UNDO_LEAST / 2, RUNS = 2 * ROOM };
	struct vma_map *map = vma_map_new(PAGE);

	(void)state;
	for (uint64_t gone = ROOM - 2; gone < ROOM + 3; gone++) {
		for (uint64_t elsewhere = 0; elsewhere < 4; elsewhere++) {
			set_runs(map, RUNS);
			vma_map_keep(map);
			change_elsewhere(map, elsewhere);
			assert_true(vma_map_clear(map, 2 * PAGE, 2 * (1 + gone) * PAGE));
			assert_true(vma_map_clear(map, 0, UINT64_MAX));
			assert_true(vma_map_go_back(map));
			assert_true(vma_map_check(map));
			assert_int_equal(vma_map_count(map), RUNS);
			for (uint64_t i = 0; i < RUNS; i++)
				assert_int_equal(vma_map_at(map, 2 * i * PAGE)->created_by, 1 + i);
			assert_true(vma_map_clear(map, 0, UINT64_MAX));
		}
	}
	vma_map_free(map);
}

/* However long it is since the map was kept, and however much one change takes away. */
static void the_log_is_bounded(void **state)
{
	struct undo_log log = { 0 };
	const struct vma_run run = { .end = PAGE };
	size_t changes = 0, runs = 0;

	(void)state;
	for (size_t most = 0; most <= 4 * UNDO_LEAST; most += 4 * UNDO_LEAST) {
		size_t bound = most ? most : UNDO_LEAST;

		undo_log_begin(&log, most);
		for (changes = 0; undo_log_change(&log, 0, PAGE); changes++)
			assert_true(changes < bound);
		assert_int_equal(changes, bound);
		undo_log_begin(&log, most);
		assert_true(undo_log_change(&log, 0, PAGE));
		for (runs = 0; undo_log_run(&log, &run); runs++)
			assert_true(runs < 2 * bound);
		assert_int_equal(runs, bound + bound / 2);
		assert_false(log.open);
		assert_null(undo_log_take(&log));
	}
	undo_log_release(&log);
}

static void finds_neighbours(void **state)
{
	struct vma_map *map = vma_map_new(PAGE);
	struct vma_run run = { .created_by = 1 };

	(void)state;
	assert_null(vma_map_at(map, 0));
	assert_null(vma_map_before(map, UINT64_MAX));
	for (uint64_t i = 0; i < 1000; i++) {
		run.start = (10 + 2 * i) * PAGE;
		run.end = run.start + PAGE;
		assert_true(vma_map_set(map, &run));
	}
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t start = (10 + 2 * i) * PAGE;
		const struct vma_run *at = vma_map_at(map, start - 1);

		assert_int_equal(at->start, start);
		assert_ptr_equal(vma_map_at(map, start + PAGE - 1), at);
		if (i)
			assert_int_equal(vma_map_before(map, start)->start, start - 2 * PAGE);
		else
			assert_null(vma_map_before(map, start));
		assert_int_equal(vma_map_before(map, start + 1)->start, start);
		if (i < 999)
			assert_int_equal(vma_map_next(map, at)->start, start + 2 * PAGE);
		else
			assert_null(vma_map_next(map, at));
	}
	vma_map_free(map);
}

static void rows_apart_in_the_base_stay_apart(void **state)
{
	struct vma_map *map = vma_map_new(PAGE);
	struct vma_run run = { .start = 0, .end = PAGE, .row = 1 };
	struct vma_row_info rows[4];

	(void)state;
	assert_true(vma_map_set(map, &run));
	run = (struct vma_run) { .start = PAGE, .end = 2 * PAGE, .row = 2 };
	assert_true(vma_map_set(map, &run));
	assert_int_equal(vma_map_count(map), 2);
	/* An event's pages join either side. */
	run = (struct vma_run) {
		.start = 2 * PAGE, .end = 3 * PAGE, .created_by = 5, .changed_by = 9
	};
	assert_true(vma_map_set(map, &run));
	assert_int_equal(vma_map_rows(map, rows, 4), 2);
	assert_int_equal(rows[1].row.start, PAGE);
	assert_int_equal(rows[1].row.end, 3 * PAGE);
	assert_int_equal(rows[1].changed_by, 9);
	/* A list that is too short is filled as far as it goes. */
	rows[1].row.start = 42;
	assert_int_equal(vma_map_rows(map, rows, 1), 2);
	assert_int_equal(rows[1].row.start, 42);
	vma_map_free(map);
}

static void knows_each_object_once(void **state)
{
	struct vma_map *map = vma_map_new(PAGE);
	object_id ids[1000];
	object_id id;
	char name[32];

	(void)state;
	assert_true(vma_map_object(map, 0, 0, 0, "", &id));
	assert_int_equal(id, OBJECT_ANONYMOUS);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/file%u", i);
		assert_true(vma_map_object(map, 8, 1, i % 10, name, &ids[i]));
		assert_true(!i || ids[i] != ids[i - 1]);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/file%u", i);
		assert_true(vma_map_object(map, 8, 1, i % 10, name, &id));
		assert_int_equal(id, ids[i]);
		assert_string_equal(vma_map_object_name(map, id), name);
		assert_true(vma_map_object(map, 8, 2, i % 10, name, &id));
		assert_int_not_equal(id, ids[i]);
	}
	vma_map_free(map);
}

/* Of which objects.c's hash is the same for all. Were each looked for among the others, this would come to no end. */
static void knows_objects_of_one_slot(void **state)
{
	enum { OBJECTS = 100000 };
	const uint64_t prime = 0x100000001b3;
	const uint64_t before = ((0xcbf29ce484222325 ^ 8) * prime ^ 1) * prime;
	struct vma_map *map = vma_map_new(PAGE);
	object_id *ids = calloc(OBJECTS, sizeof(*ids));
	uint64_t inverse = prime; /* modulo 2^64 */

	(void)state;
	for (int i = 0; i < 5; i++)
		inverse *= 2 - prime * inverse;
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 1; i < OBJECTS; i++) {
			/* Both halves of the hash are alike, which is folded to 0. */
			uint64_t inode = (i << 32 | i) * inverse ^ before;
			object_id id, other;

			assert_true(vma_map_object(map, 8, 1, inode, "", &id));
			assert_true(!round || id == ids[i]);
			ids[i] = id;
			/* And others, for which the slots grow. */
			assert_true(vma_map_object(map, 8, 2, i, "", &other));
			assert_int_equal(id, 2 * i - 1);
			assert_int_equal(other, 2 * i);
		}
	}
	free(ids);
	vma_map_free(map);
}

/*
 * One run in each of so many places all over what a processor can address, some behind each other in one page: in a
 * block there are such as are too far apart for its ends, and such as these do not tell from each other.
 */
static void finds_what_is_far_apart(void **state)
{
	enum { SMALL_PAGE = 512, PLACES = 1024, CHANGES = 40000 };
	struct vma_map *map = vma_map_new(SMALL_PAGE);
	static bool mapped[PLACES];
	uint64_t starts[PLACES];
	uint64_t random = 4711;

	(void)state;
	assert_non_null(map);
	for (uint64_t i = 0; i < PLACES; i++)
		starts[i] = (i / 4 << 39) + (i % 4) * 3 * SMALL_PAGE + SMALL_PAGE;
	for (size_t i = 0; i < CHANGES; i++) {
		size_t at = next_random(&random) % PLACES;
		const struct vma_run *found;

		mapped[at] = !mapped[at];
		if (mapped[at])
			assert_true(
				vma_map_set(map, &(struct vma_run) { .start = starts[at],
			                                             .end = starts[at] + SMALL_PAGE,
			                                             .created_by = at }));
		else
			assert_true(vma_map_clear(map, starts[at], starts[at] + SMALL_PAGE));
		at = next_random(&random) % PLACES;
		found = vma_map_at(map, starts[at] + next_random(&random) % SMALL_PAGE);
		while (at < PLACES && !mapped[at])
			at++;
		assert_int_equal(found ? found->created_by : PLACES, at);
		if (i % 256 == 0)
			assert_true(vma_map_check(map));
	}
	vma_map_free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_pages_hold),
		cmocka_unit_test(goes_back_to_what_it_was),
		cmocka_unit_test(goes_back_behind_each_run),
		cmocka_unit_test(goes_back_from_a_full_log),
		cmocka_unit_test(the_log_is_bounded),
		cmocka_unit_test(finds_neighbours),
		cmocka_unit_test(finds_what_is_far_apart),
		cmocka_unit_test(rows_apart_in_the_base_stay_apart),
		cmocka_unit_test(knows_each_object_once),
		cmocka_unit_test(knows_objects_of_one_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
