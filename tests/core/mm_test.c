/*
 * mm_test: the counts of mm_struct, from a walk over events made here; the numbers are those the
 * kernel shows in /proc/PID/status for such an address space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/mm.h"
#include "core/walk.h"
#include "vmatrace/trace_format.h"

enum { PAGE = 4096, ROW_LIMIT = 32 };

#define AT(page) ((uint64_t)(page)*PAGE)
#define START_BRK AT(0x100)

static const struct vma_row base_rows[] = {
	{ .start = AT(0x10), .end = AT(0x14), .prot = 5, .inode = 9, .name = "/bin/app" },
	{ .start = AT(0x14),
	  .end = AT(0x15),
	  .prot = 3,
	  .inode = 9,
	  .offset = AT(4),
	  .name = "/bin/app" },
	{ .start = START_BRK, .end = AT(0x110), .prot = 3, .name = "[heap]" },
	{ .start = AT(0x900), .end = AT(0x908), .prot = 3, .name = "[stack]" },
	{ .start = AT(0xf00), .end = AT(0xf01), .prot = 4, .name = "[vsyscall]" },
};

static const struct snapshot base = {
	.reason = VMAT_SNAPSHOT_START,
	.brk = AT(0x110),
	.rows = base_rows,
	.row_count = sizeof(base_rows) / sizeof(base_rows[0]),
};

struct script {
	const struct event *events;
	size_t count;
	size_t next;
};

static bool next_event(void *self, struct event *event)
{
	struct script *script = self;

	if (script->next == script->count)
		return false;
	*event = script->events[script->next];
	event->seq = event->enter = event->exit = script->next++;
	event->time_ns = event->seq * 100;
	return true;
}

static const struct vmat_header header = { .start_brk = START_BRK };

static void change(void *context, const struct vma_change *change)
{
	mm_meter_change(context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	mm_meter_after(context, walk, event);
	return true;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	if (checkpoint->is_base)
		mm_meter_base(context, walk);
}

static void measure(const struct event *events, size_t count, struct mm_view *view)
{
	struct script script = { .events = events, .count = count };
	const struct walk_input input = {
		.events = { next_event, &script },
		.snapshots = &base,
		.snapshot_count = 1,
		.window = 1,
		.start_brk = START_BRK,
		.start_stack = AT(0x907),
		.page_bytes = PAGE,
	};
	struct mm_meter *meter = mm_meter_new(PAGE);
	const struct walk_observer observer = {
		.context = meter, .change = change, .after = after, .checkpoint = checkpoint
	};
	struct vma_row_info rows[ROW_LIMIT];
	struct walk *walk = walk_new(&input);
	size_t row_count;

	assert_non_null(meter);
	assert_non_null(walk);
	assert_int_equal(walk_run(walk, &observer), WALK_DONE);
	row_count = walk_rows(walk, rows, ROW_LIMIT);
	assert_true(row_count <= ROW_LIMIT);
	mm_view_read(meter, walk, rows, row_count, &header, view);
	assert_true(mm_meter_fine(meter));
	walk_free(walk);
	mm_meter_free(meter);
}

#define MEASURE(events, view) measure(events, sizeof(events) / sizeof((events)[0]), view)
#define MMAP(at, pages, prot, flags)                                                               \
	{                                                                                          \
		.call = CALL_MMAP, .tid = 1,                                                       \
		.args = { AT(at),     AT(pages), (prot), MAP_PRIVATE | MAP_ANONYMOUS | (flags),    \
			  UINT64_MAX, 0 },                                                         \
		.result = AT(at)                                                                   \
	}
#define CALL_ON(name, at, pages)                                                                   \
	{                                                                                          \
		.call = CALL_##name, .tid = 1, .args = { AT(at), AT(pages) }                       \
	}

static void counts_of_the_base(void **state)
{
	struct mm_view view;

	(void)state;
	measure(NULL, 0, &view);
	assert_int_equal(view.map_count, 4); /* without [vsyscall] */
	assert_int_equal(view.total_bytes, AT(4 + 1 + 16 + 8));
	assert_int_equal(view.exec_bytes, AT(4));
	assert_int_equal(view.stack_bytes, AT(8));
	assert_int_equal(view.data_bytes, AT(1 + 16));
	assert_int_equal(view.locked_bytes, 0);
	assert_int_equal(view.highest_bytes, view.total_bytes);
	assert_int_equal(view.highest_count, 4);
	assert_int_equal(view.brk, AT(0x110));
	assert_int_equal(view.hole_count, 0);
}

static void high_water_marks_stay(void **state)
{
	static const struct event events[] = {
		MMAP(0x400, 100, PROT_READ | PROT_WRITE, 0),
		MMAP(0x500, 3, PROT_READ, 0),
		CALL_ON(MUNMAP, 0x400, 100),
	};
	struct mm_view view;

	(void)state;
	MEASURE(events, &view);
	assert_int_equal(view.total_bytes, AT(29 + 3));
	assert_int_equal(view.highest_bytes, AT(29 + 103));
	assert_int_equal(view.map_count, 5);
	assert_int_equal(view.highest_count, 6);
}

static void locks_are_followed(void **state)
{
	static const struct event events[] = {
		MMAP(0x400, 10, PROT_READ | PROT_WRITE, 0),
		CALL_ON(MLOCK, 0x402, 4),
		CALL_ON(MUNLOCK, 0x403, 1),
		MMAP(0x500, 2, PROT_READ, MAP_LOCKED),
		CALL_ON(MUNMAP, 0x405, 1),
	};
	struct mm_view view;

	(void)state;
	MEASURE(events, &view);
	assert_int_equal(view.locked_bytes, AT(2 + 2));
	assert_int_equal(view.highest_locked, AT(3 + 2));
}

static void locking_everything(void **state)
{
	static const struct event events[] = {
		{ .call = CALL_MLOCKALL, .tid = 1, .args = { MCL_CURRENT | MCL_FUTURE } },
		MMAP(0x400, 10, PROT_READ | PROT_WRITE, 0),
	};
	static const struct event undone[] = {
		{ .call = CALL_MLOCKALL, .tid = 1, .args = { MCL_CURRENT | MCL_FUTURE } },
		{ .call = CALL_MUNLOCKALL, .tid = 1 },
		MMAP(0x400, 10, PROT_READ | PROT_WRITE, 0),
	};
	struct mm_view view;

	(void)state;
	MEASURE(events, &view);
	assert_int_equal(view.locked_bytes, AT(29 + 10));
	MEASURE(undone, &view);
	assert_int_equal(view.locked_bytes, 0);
	assert_int_equal(view.highest_locked, AT(29));
}

static void a_failed_lock_locks_nothing(void **state)
{
	static const struct event events[] = {
		{ .call = CALL_MLOCK,
		  .tid = 1,
		  .args = { START_BRK, PAGE },
		  .result = UINT64_MAX,
		  .error = 12,
		  .failed = true },
	};
	struct mm_view view;

	(void)state;
	MEASURE(events, &view);
	assert_int_equal(view.locked_bytes, 0);
}

static void holes_in_the_heap(void **state)
{
	static const struct event events[] = {
		CALL_ON(MUNMAP, 0x102, 3),
		CALL_ON(MUNMAP, 0x10f, 1),
		{ .call = CALL_MMAP,
		  .tid = 1,
		  .args = { AT(0x108), AT(2), PROT_READ, MAP_SHARED | MAP_FIXED, 3, 0 },
		  .result = AT(0x108),
		  .text = "/tmp/file",
		  .has_object = true,
		  .inode = 77 },
	};
	struct mm_view view;

	(void)state;
	MEASURE(events, &view);
	assert_int_equal(view.hole_count, 3);
	assert_int_equal(view.hole[0].start, AT(0x102));
	assert_int_equal(view.hole[0].end, AT(0x105));
	assert_false(view.hole[0].mapped);
	assert_int_equal(view.hole[1].start, AT(0x108));
	assert_true(view.hole[1].mapped);
	assert_int_equal(view.hole[2].start, AT(0x10f));
	assert_int_equal(view.hole[2].end, AT(0x110));
	assert_int_equal(view.hole_bytes, AT(6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_of_the_base),
		cmocka_unit_test(high_water_marks_stay),
		cmocka_unit_test(locks_are_followed),
		cmocka_unit_test(locking_everything),
		cmocka_unit_test(a_failed_lock_locks_nothing),
		cmocka_unit_test(holes_in_the_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
