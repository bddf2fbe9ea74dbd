/*
 * timeline_test: the curve, whose buckets widen as time goes on, and the folding of many changes in
 * few lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/curve.h"
#include "core/fold.h"
#include "core/timeline.h"

static void add(struct curve *curve, uint64_t time_ns, uint64_t bytes)
{
	const struct curve_value value = { .mapped_bytes = bytes, .vma_count = bytes / 10 };

	curve_add(curve, time_ns, &value);
}

static void curve_holds_values_between_changes(void **state)
{
	struct curve_value sample[4];
	struct curve curve;

	(void)state;
	curve_init(&curve);
	add(&curve, 0, 100);
	add(&curve, 55, 300);
	add(&curve, 80, 200);
	curve_sample(&curve, 0, 100, sample, 4);
	assert_int_equal(sample[0].mapped_bytes, 100);
	assert_int_equal(sample[1].mapped_bytes, 100);
	assert_int_equal(sample[2].mapped_bytes, 300);
	/* 300 still held when the last quarter began */
	assert_int_equal(sample[3].mapped_bytes, 300);
	assert_int_equal(sample[2].vma_count, 30);
}

static void curve_keeps_a_peak_however_wide(void **state)
{
	struct curve_value sample[10];
	struct curve curve;

	(void)state;
	curve_init(&curve);
	for (uint64_t i = 0; i < 100000; i++)
		add(&curve, i * 1000, i == 45678 ? 9999 : 10);
	assert_true(curve.width_ns * CURVE_BUCKETS >= 99999000);
	curve_sample(&curve, 0, 100000000, sample, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(sample[i].mapped_bytes, i == 4 ? 9999 : 10);
}

static void curve_takes_any_time(void **state)
{
	struct curve_value sample[2];
	struct curve curve;

	(void)state;
	curve_init(&curve);
	add(&curve, 5, 1);
	add(&curve, UINT64_MAX, 2);
	add(&curve, 3, 3); /* calls overlap: a little back */
	curve_sample(&curve, 0, UINT64_MAX, sample, 2);
	assert_int_equal(sample[0].mapped_bytes, 3);
	assert_int_equal(sample[1].mapped_bytes, 3);
	curve_sample(&curve, 7, 7, sample, 2); /* no span: no crash */
}

/* Adds one change of `call` from `site`. */
static void put(struct fold *fold, uint16_t call, uint64_t site, uint32_t tid, uint64_t seq)
{
	char name[] = "name that does not live long";
	struct event event = { .seq = seq, .time_ns = seq * 10, .call = call, .tid = tid };
	struct vma_change change = { .kind = CHANGE_CREATE,
		                     .start = seq << 12,
		                     .end = (seq + 2) << 12,
		                     .mapped_after = true,
		                     .name = name,
		                     .event = &event };

	assert_true(fold_add(fold, &change, site, KIND_ANONYMOUS));
	memset(name, 'x', sizeof(name) - 1);
}

static void few_changes_stay_single(void **state)
{
	struct fold *fold = fold_new(10);
	struct fold_result result;

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		put(fold, 1, 7, 1, i);
	fold_finish(fold, &result);
	assert_int_equal(result.count, 10);
	assert_int_equal(result.changes, 10);
	assert_int_equal(result.lines[9]->count, 1);
	assert_int_equal(result.lines[9]->first.event->seq, 9);
	assert_string_equal(result.lines[9]->first.name, "name that does not live long");
	fold_free(fold);
}

static void runs_become_one_line(void **state)
{
	struct fold *fold = fold_new(10);
	struct fold_result result;

	(void)state;
	put(fold, 1, 1, 1, 0);
	for (uint64_t i = 1; i <= 1000; i++)
		put(fold, 1, 7, 1, i);
	put(fold, 1, 1, 1, 1001);
	fold_finish(fold, &result);
	assert_int_equal(result.count, 3);
	assert_int_equal(result.lines[1]->count, 1000);
	assert_int_equal(result.lines[1]->bytes, 1000 * 8192);
	assert_int_equal(result.lines[1]->start, 1 << 12);
	assert_int_equal(result.lines[1]->end, 1002 << 12);
	assert_int_equal(result.lines[1]->last_ns, 10000);
	assert_false(result.lines[1]->many_threads);
	fold_free(fold);
}

static void loops_become_a_line_a_call(void **state)
{
	struct fold *fold = fold_new(10);
	struct fold_result result;

	(void)state;
	for (uint64_t i = 0; i < 3000; i++)
		put(fold, (uint16_t)(1 + i % 3), i % 3, 1, i);
	fold_finish(fold, &result);
	assert_int_equal(result.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(result.lines[i]->count, 1000);
	fold_free(fold);
}

static void threads_join_only_where_they_must(void **state)
{
	struct fold *fold = fold_new(4), *wide = fold_new(40);
	struct fold_result result;

	(void)state;
	for (uint64_t i = 0; i < 800; i++) {
		put(fold, 1, 7, (uint32_t)(i % 8), i);
		put(wide, 1, 7, (uint32_t)(i % 8), i);
	}
	fold_finish(fold, &result);
	assert_int_equal(result.count, 1);
	assert_true(result.lines[0]->many_threads);
	fold_finish(wide, &result);
	assert_int_equal(result.count, 8);
	assert_false(result.lines[0]->many_threads);
	fold_free(fold);
	fold_free(wide);
}

static void too_many_sites_leave_counts(void **state)
{
	struct fold *fold = fold_new(5);
	struct fold_result result;
	uint64_t shown = 0;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		put(fold, 1, i % 100, 1, i);
	for (uint64_t i = 0; i < 500; i++) /* one site larger than all others */
		put(fold, 2, 1000, 1, 5000 + i);
	fold_finish(fold, &result);
	assert_int_equal(result.count, 4);
	for (size_t i = 0; i < result.count; i++)
		shown += result.lines[i]->count;
	assert_int_equal(shown + result.left_out, 5500);
	assert_int_equal(result.left_out_lines, 97);
	assert_int_equal(result.lines[3]->count, 500); /* in the order of time */
	fold_free(fold);
}

static void peaks_know_when(void **state)
{
	struct event event = { .seq = 4, .time_ns = 40 };
	struct vma_change change = { .kind = CHANGE_GROW, .name = "", .event = &event };
	struct timeline timeline;

	(void)state;
	timeline_init(&timeline);
	timeline.own = (struct curve_value) { .mapped_bytes = 1000, .vma_count = 2 };
	change.mapped_bytes = 5000;
	change.vma_count = 12;
	assert_true(timeline_follow(&timeline, &change));
	timeline_count(&timeline, change.kind, 1);
	event = (struct event) { .seq = 5, .time_ns = 50 };
	change.mapped_bytes = 4000;
	change.vma_count = 13;
	assert_false(timeline_follow(&timeline, &change));
	assert_int_equal(timeline.peak_bytes.value, 4000);
	assert_int_equal(timeline.peak_bytes.seq, 4);
	assert_int_equal(timeline.peak_vmas.value, 11);
	assert_int_equal(timeline.peak_vmas.time_ns, 50);
	assert_int_equal(timeline.now.mapped_bytes, 3000);
	assert_int_equal(timeline.total_changes, 1);
	assert_int_equal(timeline.changes[CHANGE_GROW], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curve_holds_values_between_changes),
		cmocka_unit_test(curve_keeps_a_peak_however_wide),
		cmocka_unit_test(curve_takes_any_time),
		cmocka_unit_test(few_changes_stay_single),
		cmocka_unit_test(runs_become_one_line),
		cmocka_unit_test(loops_become_a_line_a_call),
		cmocka_unit_test(threads_join_only_where_they_must),
		cmocka_unit_test(too_many_sites_leave_counts),
		cmocka_unit_test(peaks_know_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
