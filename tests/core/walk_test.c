/*
 * walk_test: what observers are told and when, and where a walk begins and ends. What calls do to the map is
 * in tests/replay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/call_table.h"
#include "core/walk.h"
#include "vmatrace/trace_format.h"

enum { PAGE = 4096, LIMIT = 64 };

struct told {
	char log[1024];
	const struct event *events;
	size_t count;
	size_t next;
	uint64_t stop_before;
	uint64_t stop_after;
	struct vma_change change;
};

static bool next_event(void *self, struct event *event)
{
	struct told *told = self;

	if (told->next == told->count)
		return false;
	*event = told->events[told->next++];
	return true;
}

static void say(struct told *told, const char *what, uint64_t number)
{
	size_t at = strlen(told->log);

	snprintf(told->log + at, sizeof(told->log) - at, "%s%lu ", what, number);
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	(void)walk;
	say(context, "b", event->seq);
	return event->seq != ((struct told *)context)->stop_before;
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	(void)walk;
	say(context, "a", event->seq);
	return event->seq != ((struct told *)context)->stop_after;
}

static void change(void *context, const struct vma_change *seen)
{
	struct told *told = context;

	say(told, change_kind_name(seen->kind), seen->event->seq & 0xffff);
	told->change = *seen;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *seen)
{
	(void)walk;
	say(context,
	    seen->is_base   ? "base"
	    : seen->matched ? "matched"
	                    : "differs",
	    seen->snapshot->id);
}

static const struct walk_observer all = { NULL, before, change, after, checkpoint };

static struct event mapping(uint64_t seq, uint64_t start)
{
	struct event event = { .seq = seq, .enter = seq, .exit = seq, .tid = 1, .call = CALL_MMAP };

	event.args[1] = PAGE;
	event.args[2] = 3;
	event.args[3] = 0x22;
	event.result = start;
	return event;
}

static enum walk_status run(struct told *told, const struct walk_input *input, struct walk **walk)
{
	struct walk_observer observer = all;

	observer.context = told;
	*walk = walk_new(input);
	assert_non_null(*walk);
	return walk_run(*walk, &observer);
}

static struct walk_input input_of(struct told *told, const struct snapshot *snapshots, size_t count)
{
	return (struct walk_input) {
		.events = { next_event, told },
		.snapshots = snapshots,
		.snapshot_count = count,
		.page_bytes = PAGE,
	};
}

static void tells_events_in_kernel_order(void **state)
{
	/* 2 moves while 1 is under way; its release comes first, its end last. */
	struct event events[3] = { mapping(0, 0x10000), mapping(1, 0x30000), mapping(2, 0x20000) };
	struct told told = { .events = events, .count = 3, .stop_before = 99, .stop_after = 99 };
	struct snapshot base = { 0 };
	struct walk_input input = input_of(&told, &base, 1);
	struct walk *walk;

	(void)state;
	events[2].call = CALL_MREMAP;
	events[2].enter = 1;
	events[2].args[0] = 0x10000;
	events[2].args[2] = PAGE;
	events[2].args[3] = 1;
	input.window = 1;
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	assert_string_equal(told.log, "base0 b0 create0 a0 b2 b1 create1 a1 move2 a2 ");
	assert_int_equal(told.change.old_start, 0x10000);
	assert_int_equal(told.change.start, 0x20000);
	assert_int_equal(told.change.mapped_bytes, 2 * PAGE);
	assert_int_equal(told.change.vma_count, 2);
	assert_int_equal(walk_totals(walk)->events, 3);
	walk_free(walk);
}

static void stops_before_and_after(void **state)
{
	struct event events[3] = { mapping(0, 0x10000), mapping(1, 0x20000), mapping(2, 0x30000) };
	struct snapshot base = { 0 };
	struct walk *walk;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct told told = { .events = events,
			             .count = 3,
			             .stop_before = i ? 99 : 1,
			             .stop_after = i ? 1 : 99 };
		struct walk_input input = input_of(&told, &base, 1);

		assert_int_equal(run(&told, &input, &walk), WALK_STOPPED);
		assert_int_equal(vma_map_bytes(walk_map(walk)), (1 + i) * PAGE);
		walk_free(walk);
	}
}

static void begins_at_the_oldest_base_that_all_follows(void **state)
{
	struct event events[4] = { mapping(5, 0x10000), mapping(6, 0x20000), mapping(7, 0x30000),
		                   mapping(8, 0x40000) };
	struct told told = { .events = events, .count = 4, .stop_before = 99, .stop_after = 99 };
	struct vma_row rows[3] = {
		{ .start = 0x10000, .end = 0x11000, .prot = 3, .name = "" },
		{ .start = 0x20000, .end = 0x21000, .prot = 3, .name = "" },
		{ .start = 0x30000, .end = 0x31000, .prot = 3, .name = "" },
	};
	struct snapshot snapshots[3] = {
		{ .id = 0, .begin = 0, .end = 0 },
		{ .id = 1, .begin = 7, .end = 7, .rows = rows, .row_count = 2 },
		{ .id = 2, .begin = 8, .end = 8, .rows = rows, .row_count = 3 },
	};
	struct walk_input input = input_of(&told, snapshots, 3);
	struct walk *walk;

	(void)state;
	input.first_seq = 5;
	events[0].flags = VMAT_EVENT_INTERNAL;
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	assert_string_equal(told.log, "base1 b7 create7 a7 matched2 b8 create8 a8 ");
	assert_int_equal(walk_totals(walk)->checkpoints, 1);
	assert_int_equal(walk_totals(walk)->matched, 1);
	/* What the recorder mapped before the base was read is its own in it. */
	assert_true(vma_map_at(walk_map(walk), 0x10000)->internal);
	assert_false(vma_map_at(walk_map(walk), 0x20000)->internal);
	walk_free(walk);
}

static void needs_a_base(void **state)
{
	struct event events[1] = { mapping(5, 0x10000) };
	struct told told = { .events = events, .count = 1 };
	struct snapshot start = { 0 };
	struct walk_input input = input_of(&told, &start, 1);
	struct walk *walk;

	(void)state;
	input.first_seq = 5;
	assert_int_equal(run(&told, &input, &walk), WALK_NO_BASE);
	assert_string_equal(told.log, "");
	walk_free(walk);
}

static void an_implicit_change_is_an_event(void **state)
{
	struct told told = { .stop_before = 99, .stop_after = 99 };
	struct vma_row row = { .start = 0x10000,
		               .end = 0x13000,
		               .prot = 5,
		               .name = "/f",
		               .inode = 3,
		               .dev_major = 8 };
	struct snapshot snapshots[2] = { { .id = 0 },
		                         { .id = 7, .time_ns = 42, .rows = &row, .row_count = 1 } };
	struct walk_input input = input_of(&told, snapshots, 2);
	const struct vma_run *page;
	struct walk *walk;

	(void)state;
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	assert_string_equal(told.log, "base0 implicit0 differs7 ");
	assert_int_equal(told.change.cause, CAUSE_UNEXPLAINED);
	assert_int_equal(told.change.prot_after, 5);
	assert_false(told.change.mapped_before);
	assert_string_equal(told.change.name, "/f");
	assert_int_equal(told.change.mapped_bytes, 3 * PAGE);
	page = vma_map_at(walk_map(walk), 0x10000);
	assert_int_equal(page->created_by, SEQ_IMPLICIT + (7ull << 24));
	assert_int_equal(walk_totals(walk)->unexplained_vmas, 1);
	walk_free(walk);
}

static void who_made_a_page_outlives_its_changes(void **state)
{
	struct event events[4] = { mapping(0, 0x10000), mapping(1, 0x11000), mapping(2, 0x20000),
		                   mapping(3, 0) };
	struct told told = { .events = events, .count = 4, .stop_before = 99, .stop_after = 99 };
	struct snapshot base = { 0 };
	struct walk_input input = input_of(&told, &base, 1);
	const struct vma_run *page;
	struct walk *walk;

	(void)state;
	events[2].call = CALL_MREMAP; /* both pages move and a third is added */
	events[2].args[0] = 0x10000;
	events[2].args[1] = 2 * PAGE;
	events[2].args[2] = 3 * PAGE;
	events[2].args[3] = 1;
	events[3].call = CALL_MPROTECT;
	events[3].args[0] = 0x20000;
	events[3].args[2] = 1;
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	for (uint64_t i = 0; i < 3; i++) {
		page = vma_map_at(walk_map(walk), 0x20000 + i * PAGE);
		assert_int_equal(page->created_by, i);
		assert_int_equal(page->changed_by, i ? 2 : 3);
	}
	walk_free(walk);
}

/* Where a name lies tells a file from another only together with what else is known of it. */
static void a_file_is_its_number_and_its_name(void **state)
{
	static const char name[] = "/there", same_name[] = "/there"; /* in two places */
	enum { FILES = 8 }; /* of the even ones each is the same */
	struct event events[FILES];
	struct told told = {
		.events = events, .count = FILES, .stop_before = 99, .stop_after = 99
	};
	struct snapshot base = { 0 };
	struct walk_input input = input_of(&told, &base, 1);
	object_id objects[FILES];
	struct walk *walk;

	(void)state;
	for (uint64_t i = 0; i < FILES; i++) {
		events[i] = mapping(i, 0x10000 + 2 * i * PAGE);
		events[i].args[3] = 2; /* MAP_PRIVATE */
		events[i].has_object = true;
		events[i].inode = 7;
		events[i].text = name;
	}
	events[1].inode = 8;
	events[3].dev_major = 1;
	events[5].dev_minor = 1;
	events[7].text = same_name;
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	for (uint64_t i = 0; i < FILES; i++) {
		const struct vma_run *run = vma_map_at(walk_map(walk), events[i].result);

		assert_int_equal(run->start, events[i].result);
		assert_string_equal(vma_map_object_name(walk_map(walk), run->object), name);
		objects[i] = run->object;
	}
	for (size_t i = 0; i < FILES; i++) {
		for (size_t j = 0; j < i; j++) {
			bool same = (i % 2 == 0 || i == 7) && (j % 2 == 0);

			assert_int_equal(objects[i] == objects[j], same);
		}
	}
	walk_free(walk);
}

static void more_files_than_are_remembered(void **state)
{
	enum { FILES = 4096 };
	static char names[FILES][8];
	static struct event events[FILES];
	struct told told = {
		.events = events, .count = FILES, .stop_before = FILES, .stop_after = FILES
	};
	struct snapshot base = { 0 };
	struct walk_input input = input_of(&told, &base, 1);
	struct walk *walk;

	(void)state;
	for (uint64_t i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "/%u", (unsigned)i);
		events[i] = mapping(i, 0x10000 + 2 * i * PAGE);
		events[i].args[3] = 2; /* MAP_PRIVATE */
		events[i].has_object = true;
		events[i].inode = 7;
		events[i].text = names[i];
	}
	assert_int_equal(run(&told, &input, &walk), WALK_DONE);
	for (uint64_t i = 0; i < FILES; i++) {
		const struct vma_run *run = vma_map_at(walk_map(walk), events[i].result);

		assert_string_equal(vma_map_object_name(walk_map(walk), run->object), names[i]);
	}
	walk_free(walk);
}

static void damage_does_no_harm(void **state)
{
	struct told told = { .count = 3, .stop_before = 99, .stop_after = 99 };
	struct vma_row rows[2] = { { .start = 0x20000, .end = 0x10000, .name = "" },
		                   { .start = 0x11000, .end = 0x12000, .name = "" } };
	struct snapshot snapshots[2] = { { .rows = rows, .row_count = 2 },
		                         { .id = 1, .rows = rows, .row_count = 2 } };

	(void)state;
	/* Every call with every word at its worst: nothing crashes, nothing breaks the map. */
	for (uint16_t id = 0; id <= CALL_LIMIT; id++) {
		for (uint64_t word = 0; word < 8; word++) {
			static const uint64_t words[8] = { 0,
				                           1,
				                           0x1000,
				                           0x11000,
				                           0x7fffffffffff,
				                           INT64_MAX,
				                           UINT64_MAX - 1,
				                           UINT64_MAX };
			struct event events[3];
			struct walk_input input;
			struct walk *walk;

			for (size_t i = 0; i < 3; i++) {
				events[i] = mapping(i, words[(word + i) % 8]);
				events[i].call = id;
				events[i].failed = i == 1;
				for (size_t j = 0; j < 6; j++)
					events[i].args[j] = words[(word + i * 3 + j) % 8];
			}
			told.events = events;
			told.next = 0;
			told.log[0] = '\0';
			input = input_of(&told, snapshots, 2);
			input.page_bytes = word % 2 ? 0 : PAGE;
			assert_int_equal(run(&told, &input, &walk), WALK_DONE);
			assert_true(vma_map_check(walk_map(walk)));
			walk_free(walk);
		}
	}
}

static void names_calls(void **state)
{
	uint16_t id;

	(void)state;
	assert_string_equal(call_name(CALL_MMAP), "mmap");
	assert_string_equal(call_name(CALL_IMPLICIT), "implicit");
	assert_string_equal(call_name(12345), "unknown");
	assert_null(call_describe(CALL_LIMIT));
	assert_true(call_find("shmdt", &id));
	assert_int_equal(id, CALL_SHMDT);
	assert_false(call_find("nothing", &id));
	assert_int_equal(call_effect(CALL_MPROTECT), EFFECT_PROTECTS);
	assert_string_equal(call_describe(CALL_MMAP)->args[5].name, "offset");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_events_in_kernel_order),
		cmocka_unit_test(stops_before_and_after),
		cmocka_unit_test(begins_at_the_oldest_base_that_all_follows),
		cmocka_unit_test(needs_a_base),
		cmocka_unit_test(an_implicit_change_is_an_event),
		cmocka_unit_test(who_made_a_page_outlives_its_changes),
		cmocka_unit_test(a_file_is_its_number_and_its_name),
		cmocka_unit_test(more_files_than_are_remembered),
		cmocka_unit_test(damage_does_no_harm),
		cmocka_unit_test(names_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
