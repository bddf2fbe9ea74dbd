/*
 * site_table_test: calls in, sites out; what a call is counted to have mapped; leaks and shm names.
 */
#include <fcntl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/leaks.h"
#include "core/shm_names.h"
#include "core/site_table.h"

enum { PAGE = 4096 };

static struct event call(uint16_t id, uint32_t stack, uint64_t caller)
{
	return (struct event) {
		.call = id,
		.stack = stack,
		.caller = caller,
		.duration_ns = 10,
		.args = { 0, PAGE },
		.result = 0x10000,
	};
}

static void a_site_is_a_call_and_a_stack(void **state)
{
	struct site_table *table = site_table_new();
	const struct event events[] = {
		call(CALL_MMAP, 1, 0xa),   call(CALL_MMAP, 1, 0xb), call(CALL_MMAP, 2, 0xa),
		call(CALL_MUNMAP, 1, 0xa), call(CALL_MMAP, 0, 0xa), call(CALL_MMAP, 0, 0xb),
		call(CALL_MMAP, 1, 0xa),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		assert_true(site_table_count(table, &events[i], PAGE));
	/* Whoever asks for a site meets all that were counted before. */
	assert_int_equal(site_table_at(table, &events[0])->totals.calls, 3);
	/* With a stack the caller is in it; without one it is all there is. */
	assert_int_equal(site_table_size(table), 5);
	assert_int_equal(site_table_item(table, 0)->totals.calls, 3);
	assert_int_equal(site_table_item(table, 0)->totals.bytes_mapped, 3 * PAGE);
	assert_int_equal(site_table_item(table, 0)->totals.time_ns, 30);
	assert_int_equal(site_table_item(table, 2)->totals.bytes_mapped, 0);
	site_table_free(table);
}

static void many_sites(void **state)
{
	struct site_table *table = site_table_new();

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t stack = 1; stack <= 10000; stack++) {
			struct event event = call(CALL_MMAP, stack, 0);

			assert_true(site_table_count(table, &event, PAGE));
		}
	}
	assert_true(site_table_settle(table));
	assert_int_equal(site_table_size(table), 10000);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(site_table_item(table, i)->totals.calls, 3);
	site_table_free(table);
}

/*
 * Sites that were chosen to begin at one slot: the product by which site_table.c finds it is 1, 2, ... Were each looked
 * for among all the others, this would come to no end.
 */
static void many_sites_of_one_slot(void **state)
{
	enum { SITES = 200000 };
	struct site_table *table = site_table_new();
	uint64_t factor = 0x9e3779b97f4a7c15, inverse = factor;

	(void)state;
	for (int i = 0; i < 5; i++)
		inverse *= 2 - factor * inverse;
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < SITES; i++) {
			uint64_t key = (i + 1) * inverse ^ (uint64_t)CALL_MMAP << 48;
			struct event event = call(CALL_MMAP, 0, key ^ 1ull << 63);
			/* And others between them, for which the slots grow. */
			struct event other = call(CALL_MUNMAP, (uint32_t)(1 + i / 2), 0);

			assert_true(site_table_count(table, &event, PAGE));
			assert_true(site_table_count(table, &other, PAGE));
		}
	}
	assert_true(site_table_settle(table));
	assert_int_equal(site_table_size(table), SITES + SITES / 2);
	for (size_t i = 0; i < SITES + SITES / 2; i++) {
		const struct site_entry *site = site_table_item(table, i);

		assert_int_equal(site->totals.calls, site->first.call == CALL_MMAP ? 2 : 4);
	}
	site_table_free(table);
}

static void failed_calls_map_nothing(void **state)
{
	struct event event = call(CALL_MMAP, 1, 0);
	struct site_table *table = site_table_new();

	(void)state;
	event.failed = true;
	assert_true(site_table_count(table, &event, PAGE));
	assert_true(site_table_settle(table));
	assert_int_equal(site_table_item(table, 0)->totals.failed, 1);
	assert_int_equal(site_table_item(table, 0)->totals.bytes_mapped, 0);
	event.failed = false;
	event.in_flight = true;
	assert_int_equal(event_mapped_bytes(&event, PAGE), 0);
	site_table_free(table);
}

static uint64_t mapped(uint16_t id, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t result)
{
	const struct event event = { .call = id, .args = { a, b, c, d }, .result = result };

	return event_mapped_bytes(&event, PAGE);
}

static void mapped_bytes(void **state)
{
	(void)state;
	assert_int_equal(mapped(CALL_MMAP, 0, 1, 3, MAP_PRIVATE | MAP_ANONYMOUS, 0x10000), PAGE);
	assert_int_equal(mapped(CALL_MMAP, 0, PAGE + 1, 3, MAP_FIXED, 0x10000), 2 * PAGE);
	assert_int_equal(mapped(CALL_MREMAP, 0x10000, PAGE, 3 * PAGE, 0, 0x10000), 2 * PAGE);
	assert_int_equal(mapped(CALL_MREMAP, 0x10000, PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0x50000),
	                 2 * PAGE);
	assert_int_equal(mapped(CALL_MREMAP, 0x10000, 3 * PAGE, PAGE, 0, 0x10000), 0);
	/* The source stays. */
	assert_int_equal(mapped(CALL_MREMAP, 0x10000, 0, 2 * PAGE, MREMAP_MAYMOVE, 0x50000),
	                 2 * PAGE);
	assert_int_equal(mapped(CALL_MREMAP, 0x10000, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
	                        0x50000),
	                 PAGE);
	/* The break: argument, old break; the result is the new one. sbrk: increment, old break. */
	assert_int_equal(mapped(CALL_BRK, 0x12000, 0x10000, 0, 0, 0x12000), 2 * PAGE);
	assert_int_equal(mapped(CALL_BRK, 0x10000, 0x12000, 0, 0, 0x10000), 0);
	assert_int_equal(mapped(CALL_SBRK, PAGE, 0, 0, 0, 0x10000), PAGE);
	assert_int_equal(mapped(CALL_SHMAT, 7, 0, 0, 3 * PAGE, 0x10000), 3 * PAGE);
	assert_int_equal(mapped(CALL_MUNMAP, 0x10000, PAGE, 0, 0, 0), 0);
	assert_int_equal(mapped(CALL_MPROTECT, 0x10000, PAGE, 3, 0, 0), 0);
}

static void classes_of_leaks(void **state)
{
	(void)state;
	assert_int_equal(leak_class_of(KIND_ANONYMOUS, CREATOR_PROGRAM, false), LEAK_PROGRAM);
	assert_int_equal(leak_class_of(KIND_HEAP, CREATOR_PROGRAM, false), LEAK_PROGRAM);
	assert_int_equal(leak_class_of(KIND_HEAP, CREATOR_MALLOC, false), LEAK_LIBC);
	assert_int_equal(leak_class_of(KIND_MALLOC_ARENA, CREATOR_MALLOC, false), LEAK_LIBC);
	assert_int_equal(leak_class_of(KIND_MALLOC_BLOCK, CREATOR_MALLOC, false), LEAK_PROGRAM);
	assert_int_equal(leak_class_of(KIND_GUARD, CREATOR_THREAD, false), LEAK_THREAD_STACK);
	assert_int_equal(leak_class_of(KIND_TEXT, CREATOR_LOADER, false), LEAK_LOADER);
	assert_int_equal(leak_class_of(KIND_FILE, CREATOR_UNKNOWN, true), LEAK_LIBC);
	assert_int_equal(leak_class_of(KIND_FILE, CREATOR_UNKNOWN, false), LEAK_PROGRAM);
}

static void stacks_beyond_the_cache(void **state)
{
	(void)state;
	assert_int_equal(leak_unjoined_bytes(40ull << 20), 0);
	assert_int_equal(leak_unjoined_bytes((40ull << 20) + PAGE), PAGE);
}

static void shm(struct shm_names *names, uint16_t id, const char *name, int flags, uint64_t time_ns)
{
	const struct event event = {
		.call = id,
		.text = name,
		.args = { 0, (uint64_t)flags, 0600 },
		.time_ns = time_ns,
	};
	struct shm_name *kept;

	assert_true(shm_names_see(names, &event, 1000, 1, &kept));
}

static void shm_objects(void **state)
{
	struct shm_names names = { 0 };

	(void)state;
	shm(&names, CALL_SHM_OPEN, "/left", O_CREAT | O_EXCL, 1);
	shm(&names, CALL_SHM_OPEN, "left", O_CREAT, 2);
	shm(&names, CALL_SHM_OPEN, "/unlinked", O_CREAT, 3);
	shm(&names, CALL_SHM_UNLINK, "unlinked", 0, 4);
	shm(&names, CALL_SHM_OPEN, "/opened", O_RDWR, 5);
	/* Seen in another order than they happened, as by two processes. */
	shm(&names, CALL_SHM_OPEN, "/again", O_CREAT, 9);
	shm(&names, CALL_SHM_UNLINK, "/again", 0, 8);
	shm(&names, CALL_SHM_OPEN, "/again", O_CREAT, 7);
	assert_true(shm_names_finish(&names));
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0].name, "again");
	assert_int_equal(names.items[0].when_ns, 1009);
	assert_string_equal(names.items[1].name, "left");
	assert_true(names.items[1].exclusive);
	shm_names_release(&names);
}

/* The object of that inode is mapped under the path; in a list of the kernel's if listed. */
static void shm_mapped(struct shm_names *names, const char *path, uint64_t inode, uint64_t time_ns,
                       bool listed)
{
	const struct event event = {
		.call = CALL_MMAP,
		.text = path,
		.has_object = true,
		.inode = inode,
		.time_ns = time_ns,
	};
	const struct vma_row row = { .name = path, .inode = inode };
	const struct snapshot list = { .time_ns = time_ns, .rows = &row, .row_count = 1 };
	struct shm_name *kept;

	if (listed)
		assert_true(shm_names_look(names, &list, 1000));
	else
		assert_true(shm_names_see(names, &event, 1000, 1, &kept));
}

static void shm_objects_removed_as_files(void **state)
{
	struct shm_names names = { 0 };
	struct event missed = { .call = CALL_SHM_OPEN, .text = "/asked", .failed = true };
	struct shm_name *kept;
	static const struct {
		const char *name;
		uint64_t when_ns;
		bool removed;
	} expected[] = {
		{ "anew", 1006, false },    { "asked", 1001, true },  { "gone", 1001, true },
		{ "mapped", 1001, true },   { "old", 1005, false },   { "replaced", 1004, false },
		{ "somebody", 1001, true }, { "there", 1001, false },
	};

	(void)state;
	/* still mapped when the last list is read */
	shm(&names, CALL_SHM_OPEN, "/gone", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/gone", 5, 2, false);
	shm_mapped(&names, "/dev/shm/gone (deleted)", 5, 9, true);
	/* mapped after it was removed, and never before */
	shm(&names, CALL_SHM_OPEN, "/mapped", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/mapped (deleted)", 6, 2, false);
	/* what is deleted is an older one of the name */
	shm(&names, CALL_SHM_OPEN, "/old", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/old", 7, 2, false);
	shm(&names, CALL_SHM_UNLINK, "/old", 0, 3);
	shm(&names, CALL_SHM_OPEN, "/old", O_CREAT, 5);
	shm_mapped(&names, "/dev/shm/old (deleted)", 7, 9, true);
	/* another inode under the name: made by who opened it in between, */
	shm(&names, CALL_SHM_OPEN, "/replaced", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/replaced", 8, 2, false);
	shm(&names, CALL_SHM_OPEN, "/replaced", O_CREAT, 4);
	shm_mapped(&names, "/dev/shm/replaced", 9, 5, false);
	/* or by somebody unseen */
	shm(&names, CALL_SHM_OPEN, "/somebody", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/somebody", 10, 2, false);
	shm_mapped(&names, "/dev/shm/somebody", 11, 5, true);
	/* O_EXCL would have failed */
	shm(&names, CALL_SHM_OPEN, "/anew", O_CREAT, 1);
	shm(&names, CALL_SHM_OPEN, "/anew", O_CREAT | O_EXCL, 6);
	shm(&names, CALL_SHM_OPEN, "/asked", O_CREAT, 1);
	missed.error = ENOENT;
	missed.time_ns = 3;
	assert_true(shm_names_see(&names, &missed, 1000, 1, &kept));
	shm(&names, CALL_SHM_OPEN, "/there", O_CREAT, 1);
	shm_mapped(&names, "/dev/shm/there", 12, 2, false);
	shm_mapped(&names, "/dev/shm/there", 12, 9, true);
	assert_true(shm_names_finish(&names));
	assert_int_equal(names.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < names.count; i++) {
		assert_string_equal(names.items[i].name, expected[i].name);
		assert_int_equal(names.items[i].when_ns, expected[i].when_ns);
		assert_int_equal(names.items[i].removed, expected[i].removed);
	}
	shm_names_release(&names);
}

/* What the kernel writes behind the path of a removed object is a name, too. */
static void shm_object_named_as_if_removed(void **state)
{
	struct shm_names names = { 0 };

	(void)state;
	shm(&names, CALL_SHM_OPEN, "/x", O_CREAT, 1);
	shm(&names, CALL_SHM_OPEN, "/x (deleted)", O_CREAT, 2);
	shm_mapped(&names, "/dev/shm/x (deleted)", 5, 3, false);
	/* and such an object may be removed */
	shm(&names, CALL_SHM_OPEN, "/y (deleted)", O_CREAT, 4);
	shm_mapped(&names, "/dev/shm/y (deleted)", 6, 5, false);
	shm_mapped(&names, "/dev/shm/y (deleted) (deleted)", 6, 6, true);
	/* or there may be both: it is the one that was seen without */
	shm(&names, CALL_SHM_OPEN, "/z", O_CREAT, 7);
	shm_mapped(&names, "/dev/shm/z", 8, 8, false);
	shm(&names, CALL_SHM_OPEN, "/z (deleted)", O_CREAT, 9);
	shm_mapped(&names, "/dev/shm/z (deleted)", 9, 10, false);
	shm_mapped(&names, "/dev/shm/z (deleted)", 8, 11, true);
	shm_mapped(&names, "/dev/shm/z (deleted)", 9, 12, true);
	assert_true(shm_names_finish(&names));
	assert_int_equal(names.count, 5);
	assert_string_equal(names.items[0].name, "x");
	assert_false(names.items[0].removed);
	assert_int_equal(names.items[0].inode, 0);
	assert_string_equal(names.items[1].name, "x (deleted)");
	assert_false(names.items[1].removed);
	assert_int_equal(names.items[1].inode, 5);
	assert_string_equal(names.items[2].name, "y (deleted)");
	assert_true(names.items[2].removed);
	assert_string_equal(names.items[3].name, "z");
	assert_true(names.items[3].removed);
	assert_string_equal(names.items[4].name, "z (deleted)");
	assert_false(names.items[4].removed);
	assert_int_equal(names.items[4].inode, 9);
	shm_names_release(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_is_a_call_and_a_stack),
		cmocka_unit_test(many_sites),
		cmocka_unit_test(many_sites_of_one_slot),
		cmocka_unit_test(failed_calls_map_nothing),
		cmocka_unit_test(mapped_bytes),
		cmocka_unit_test(classes_of_leaks),
		cmocka_unit_test(stacks_beyond_the_cache),
		cmocka_unit_test(shm_objects),
		cmocka_unit_test(shm_objects_removed_as_files),
		cmocka_unit_test(shm_object_named_as_if_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
