/*
 * kinds_test: rows in, kinds out. Each case is a piece of an address space as the kernel lists it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/kinds.h"
#include "core/row_parts.h"
#include "core/walk.h"
#include "vmatrace/trace_format.h"

enum { R = 1, W = 2, X = 4, ROW_LIMIT = 24 };

/* One row and the kind it should get. Rows with the same name are of one file. */
struct expected {
	uint64_t start;
	uint64_t end;
	uint8_t prot;
	bool shared;
	const char *name;
	enum vma_kind kind;
	uint64_t created_by; /* 0: before recording */
	bool internal;
};

#define ROW(start, end, prot, shared, name, kind)                                                  \
	{                                                                                          \
		start, end, prot, shared, name, kind, 0, false                                     \
	}

static uint64_t inode_of(const char *name)
{
	uint64_t inode = 0;

	if (name[0] != '/')
		return 0;
	while (*name)
		inode = inode * 31 + (unsigned char)*name++;
	return inode;
}

static void expect_kinds(const struct expected *expected, size_t count,
                         const struct kinds_source *source)
{
	struct vma_row_info rows[ROW_LIMIT] = { 0 };
	enum vma_kind kinds[ROW_LIMIT];

	assert_true(count <= ROW_LIMIT);
	for (size_t i = 0; i < count; i++) {
		rows[i].row = (struct vma_row) {
			.start = expected[i].start,
			.end = expected[i].end,
			.prot = expected[i].prot,
			.shared = expected[i].shared,
			.name = expected[i].name,
			.inode = inode_of(expected[i].name),
		};
		rows[i].created_by =
			expected[i].created_by ? expected[i].created_by : CREATED_BEFORE;
		rows[i].internal = expected[i].internal;
	}
	kinds_of_rows(rows, count, source, kinds);
	for (size_t i = 0; i < count; i++)
		if (kinds[i] != expected[i].kind)
			fail_msg("row %zu (%llx, '%s') is %s, expected %s", i,
			         (unsigned long long)expected[i].start, expected[i].name,
			         vma_kind_name(kinds[i]), vma_kind_name(expected[i].kind));
}

static const struct kinds_source nothing;

#define EXPECT(rows, source) expect_kinds(rows, sizeof(rows) / sizeof((rows)[0]), source)

/* The kernel calls [stack] only that piece in which the stack began. */
static void main_stack_in_pieces(void **state)
{
	static const enum vma_kind wanted[] = {
		KIND_THREAD_STACK, KIND_MAIN_STACK, KIND_MAIN_STACK,
		KIND_MAIN_STACK,   KIND_MAIN_STACK, KIND_ANONYMOUS
	};
	struct vma_row_info rows[] = {
		{ .row = { 0x10000, 0x20000, .prot = R | W, .name = "" }, .grows_down = true },
		{ .row = { 0x30000, 0x40000, .prot = R | W, .name = "" }, .grows_down = true },
		{ .row = { 0x40000, 0x41000, .prot = R, .name = "" }, .grows_down = true },
		{ .row = { 0x41000, 0x50000, .prot = R | W, .name = "[stack]" },
		  .grows_down = true },
		{ .row = { 0x50000, 0x51000, .prot = R | W, .name = "" }, .grows_down = true },
		{ .row = { 0x51000, 0x60000, .prot = R | W, .name = "" } },
	};
	enum vma_kind kinds[6];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		rows[i].created_by = CREATED_BEFORE;
	kinds_of_rows(rows, 6, &nothing, kinds);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(vma_kind_name(kinds[i]), vma_kind_name(wanted[i]));
}

static void segments_of_objects(void **state)
{
	static const struct expected rows[] = {
		ROW(0x10000, 0x11000, R, false, "/bin/app", KIND_RODATA),
		ROW(0x11000, 0x12000, R | X, false, "/bin/app", KIND_TEXT),
		ROW(0x12000, 0x13000, R, false, "/bin/app", KIND_RODATA),
		ROW(0x13000, 0x14000, R | W, false, "/bin/app", KIND_DATA),
		ROW(0x14000, 0x16000, R | W, false, "", KIND_BSS),
		ROW(0x20000, 0x30000, R | W, false, "[heap]", KIND_HEAP),
		ROW(0x40000, 0x41000, R | X, false, "/lib/libold.so.1", KIND_TEXT),
		ROW(0x41000, 0x50000, 0, false, "/lib/libold.so.1", KIND_GUARD),
		ROW(0x50000, 0x51000, R | W, false, "/lib/libold.so.1", KIND_DATA),
		ROW(0x52000, 0x53000, R | W, false, "", KIND_ANONYMOUS),
		ROW(0x60000, 0x61000, R, false, "/lib64/ld-linux-x86-64.so.2", KIND_LOADER),
		ROW(0x61000, 0x62000, R | X, false, "/lib64/ld-linux-x86-64.so.2", KIND_LOADER),
		ROW(0x62000, 0x63000, R | W, false, "/lib64/ld-linux-x86-64.so.2", KIND_LOADER),
	};

	(void)state;
	EXPECT(rows, &nothing);
}

static void files_and_kernel_objects(void **state)
{
	static const struct expected rows[] = {
		ROW(0x10000, 0x20000, R, false, "/usr/share/data", KIND_FILE),
		ROW(0x20000, 0x30000, R | W, true, "/dev/shm/queue", KIND_SHM),
		ROW(0x30000, 0x40000, R | W, true, "/memfd:pool (deleted)", KIND_MEMFD),
		ROW(0x40000, 0x50000, R | W, true, "/SYSV0000002a (deleted)", KIND_SYSV),
		ROW(0x50000, 0x60000, R | W, true, "/dev/zero (deleted)", KIND_ANONYMOUS),
		ROW(0x60000, 0x61000, R | W | X, false, "", KIND_JIT),
		{ 0x70000, 0x71000, R | W, true, "/tmp/t.vmat", KIND_TRACER, 0, true },
		ROW(0x80000, 0x81000, R | W, false, "[anon:cache]", KIND_ANONYMOUS),
		ROW(0x90000, 0xa0000, R | W, false, "[stack]", KIND_MAIN_STACK),
		ROW(0xa0000, 0xa1000, R, false, "[vvar]", KIND_VDSO),
		ROW(0xa1000, 0xa2000, R | X, false, "[vdso]", KIND_VDSO),
	};

	(void)state;
	EXPECT(rows, &nothing);
}

/* A file of data is an object only if the trace says that it was loaded as one. */
static const char *data_library(void *context, uint64_t address)
{
	(void)context;
	return address >= 0x10000 && address < 0x20000 ? "/lib/libdata.so" : NULL;
}

static void a_library_without_text(void **state)
{
	static const struct expected rows[] = {
		ROW(0x10000, 0x18000, R, false, "/lib/libdata.so (deleted)", KIND_RODATA),
		ROW(0x18000, 0x19000, R | W, false, "/lib/libdata.so (deleted)", KIND_DATA),
		ROW(0x30000, 0x38000, R, false, "/lib/libother.so", KIND_FILE),
	};
	const struct kinds_source source = { .module = data_library };

	(void)state;
	EXPECT(rows, &source);
}

static void stacks_and_arenas_by_their_shape(void **state)
{
	static const struct expected rows[] = {
		/* an arena: aligned to 64 MiB, the rest of it reserved */
		ROW(0x10000000, 0x10021000, R | W, false, "", KIND_MALLOC_ARENA),
		ROW(0x10021000, 0x14000000, 0, false, "", KIND_MALLOC_ARENA),
		/* not aligned: a reservation of somebody's */
		ROW(0x20001000, 0x20021000, R | W, false, "", KIND_ANONYMOUS),
		ROW(0x20021000, 0x24000000, 0, false, "", KIND_ANONYMOUS),
		/* a stack above its guard */
		ROW(0x30000000, 0x30001000, 0, false, "", KIND_GUARD),
		ROW(0x30001000, 0x30801000, R | W, false, "", KIND_THREAD_STACK),
		/* too little above the guard to be one */
		ROW(0x40000000, 0x40001000, 0, false, "", KIND_GUARD),
		ROW(0x40001000, 0x40002000, R | W, false, "", KIND_ANONYMOUS),
	};

	(void)state;
	EXPECT(rows, &nothing);
}

/* Events 1, 2, 3: made by the program, by malloc, by pthread_create. */
static enum vma_creator made_by(void *context, const struct vma_row_info *row)
{
	static const enum vma_creator creators[] = { CREATOR_UNKNOWN, CREATOR_PROGRAM,
		                                     CREATOR_MALLOC, CREATOR_THREAD };

	(void)context;
	return creators[row->created_by];
}

static void the_creator_decides_over_the_shape(void **state)
{
	static const struct expected rows[] = {
		{ 0x30000000, 0x30001000, 0, false, "", KIND_GUARD, 1, false },
		{ 0x30001000, 0x30801000, R | W, false, "", KIND_ANONYMOUS, 1, false },
		{ 0x40000000, 0x40100000, R | W, false, "", KIND_MALLOC_BLOCK, 2, false },
		{ 0x50000000, 0x50100000, R | W, false, "", KIND_THREAD_STACK, 3, false },
		/* a guard larger than one that is known by its shape */
		{ 0x60000000, 0x60200000, 0, false, "", KIND_GUARD, 3, false },
		{ 0x60200000, 0x60300000, R | W, false, "", KIND_THREAD_STACK, 3, false },
		/* an arena used up, one that is reserved, and the shape of one */
		{ 0x70000000, 0x74000000, R | W, false, "", KIND_MALLOC_ARENA, 2, false },
		{ 0x74000000, 0x7c000000, 0, false, "", KIND_MALLOC_ARENA, 2, false },
		{ 0x80000000, 0x80021000, R | W, false, "", KIND_ANONYMOUS, 1, false },
		{ 0x80021000, 0x84000000, 0, false, "", KIND_ANONYMOUS, 1, false },
		/* beside data, and yet no bss */
		ROW(0x90000000, 0x90001000, R | X, false, "/lib/libm.so", KIND_TEXT),
		ROW(0x90001000, 0x90002000, R | W, false, "/lib/libm.so", KIND_DATA),
		{ 0x90002000, 0x90003000, R | W, false, "", KIND_MALLOC_BLOCK, 2, false },
		/* the reserve of an arena and the guard of the stack above it, which the kernel joins */
		{ 0xa0000000, 0xa0021000, R | W, false, "", KIND_MALLOC_ARENA, 2, false },
		{ 0xa0021000, 0xa4001000, 0, false, "", KIND_MALLOC_ARENA, 2, false },
		/* a stack that was just mapped: all but its guard will be opened */
		{ 0xb0000000, 0xb0801000, 0, false, "", KIND_THREAD_STACK, 3, false },
	};
	const struct kinds_source source = { .creator = made_by };

	(void)state;
	EXPECT(rows, &source);
}

/* One row of a stack, two blocks of different calls and a stack, and a row of its own behind it. */
static void parts_of_rows(void **state)
{
	static const struct vma_row_info extents[] = {
		{ .row = { .start = 0x1000, .end = 0x9000, .prot = R | W }, .created_by = 1 },
		{ .row = { .start = 0x9000, .end = 0xa000, .prot = R | W }, .created_by = 2 },
		{ .row = { .start = 0xa000, .end = 0xb000, .prot = R | W }, .created_by = 3 },
		{ .row = { .start = 0xb000, .end = 0xc000, .prot = R | W }, .created_by = 4 },
		{ .row = { .start = 0xc000, .end = 0xd000, .prot = R | W }, .created_by = 5 },
		{ .row = { .start = 0xd000, .end = 0xe000, .prot = R }, .created_by = 2 },
	};
	static const enum vma_kind kinds[] = { KIND_THREAD_STACK, KIND_MALLOC_BLOCK,
		                               KIND_MALLOC_BLOCK, KIND_THREAD_STACK,
		                               KIND_THREAD_STACK, KIND_MALLOC_BLOCK };
	static const struct vma_row_info rows[] = {
		{ .row = { .start = 0x1000, .end = 0xd000, .prot = R | W }, .created_by = 1 },
		{ .row = { .start = 0xd000, .end = 0xe000, .prot = R }, .created_by = 2 },
	};
	struct row_part parts[6];
	enum vma_kind row_kinds[2];

	(void)state;
	assert_int_equal(row_parts(rows, 2, extents, kinds, 6, parts), 5);
	assert_int_equal(parts[1].info.row.start, 0x9000);
	assert_int_equal(parts[1].info.row.end, 0xb000);
	assert_int_equal(parts[1].authors, 2);
	assert_int_equal(parts[2].info.row.end, 0xc000); /* each stack is one by itself */
	assert_int_equal(parts[3].row, 0);
	assert_int_equal(parts[4].row, 1);
	assert_int_equal(row_parts_length(parts, 5), 4);
	assert_true(row_part_counts(parts, 0) && row_part_counts(parts, 1));
	assert_false(row_part_counts(parts, 2) || row_part_counts(parts, 3));
	assert_true(row_part_counts(parts, 4));
	row_parts_kinds(parts, 5, row_kinds);
	assert_int_equal(row_kinds[0], KIND_THREAD_STACK);
	assert_int_equal(row_kinds[1], KIND_MALLOC_BLOCK);
}

static void creators_by_name(void **state)
{
	(void)state;
	assert_int_equal(vma_creator_of("malloc"), CREATOR_MALLOC);
	assert_int_equal(vma_creator_of("pthread_create"), CREATOR_THREAD);
	assert_int_equal(vma_creator_of("dlopen"), CREATOR_LOADER);
	assert_int_equal(vma_creator_of("main"), CREATOR_PROGRAM);
	assert_int_equal(vma_creator_of(NULL), CREATOR_PROGRAM);
}

static void one_change_alone(void **state)
{
	struct event event = { .call = CALL_BRK };
	struct vma_change change = { .start = 0x1000,
		                     .end = 0x2000,
		                     .prot_after = R | W,
		                     .mapped_after = true,
		                     .name = "",
		                     .event = &event };

	(void)state;
	assert_int_equal(kind_of_change(&change, NULL, CREATOR_UNKNOWN), KIND_HEAP);
	event.call = CALL_MMAP;
	assert_int_equal(kind_of_change(&change, NULL, CREATOR_PROGRAM), KIND_ANONYMOUS);
	assert_int_equal(kind_of_change(&change, NULL, CREATOR_MALLOC), KIND_MALLOC_BLOCK);
	change.prot_after = R | X;
	assert_int_equal(kind_of_change(&change, NULL, CREATOR_PROGRAM), KIND_JIT);
	change.name = "/lib/libm.so";
	assert_int_equal(kind_of_change(&change, "/lib/libm.so", CREATOR_LOADER), KIND_TEXT);
	event.flags = VMAT_EVENT_INTERNAL;
	assert_int_equal(kind_of_change(&change, NULL, CREATOR_UNKNOWN), KIND_TRACER);
}

/* Malloc and pthread_create map without rights what they open later; their unmaps say by their range whose it was. */
static void changes_of_libc(void **state)
{
	static const struct {
		enum vma_creator creator;
		uint16_t call;
		uint64_t start, end;
		bool mapped_before, mapped_after;
		uint8_t before, after;
		enum vma_kind kind;
	} cases[] = {
		{ CREATOR_MALLOC, CALL_MMAP, 0x10000000, 0x18000000, 0, 1, 0, 0,
		  KIND_MALLOC_ARENA },
		{ CREATOR_MALLOC, CALL_MPROTECT, 0x14000000, 0x14021000, 1, 1, 0, R | W,
		  KIND_MALLOC_ARENA },
		{ CREATOR_MALLOC, CALL_MUNMAP, 0x14000000, 0x18000000, 1, 0, R | W, 0,
		  KIND_MALLOC_ARENA },
		{ CREATOR_MALLOC, CALL_MUNMAP, 0x14000000, 0x14080000, 1, 0, R | W, 0,
		  KIND_MALLOC_BLOCK },
		{ CREATOR_MALLOC, CALL_MMAP, 0x14000000, 0x14080000, 0, 1, 0, R | W,
		  KIND_MALLOC_BLOCK },
		{ CREATOR_MALLOC, CALL_MPROTECT, 0x14000000, 0x14080000, 1, 1, R | W, R,
		  KIND_MALLOC_BLOCK },
		{ CREATOR_THREAD, CALL_MMAP, 0x14000000, 0x14801000, 0, 1, 0, 0,
		  KIND_THREAD_STACK },
		{ CREATOR_THREAD, CALL_MPROTECT, 0x14001000, 0x14801000, 1, 1, 0, R | W,
		  KIND_THREAD_STACK },
		{ CREATOR_THREAD, CALL_MPROTECT, 0x14000000, 0x14001000, 1, 1, R | W, 0,
		  KIND_GUARD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event = { .call = cases[i].call,
			               .args = { cases[i].start, cases[i].end - cases[i].start } };
		struct vma_change change = { .start = cases[i].start,
			                     .end = cases[i].end,
			                     .mapped_before = cases[i].mapped_before,
			                     .mapped_after = cases[i].mapped_after,
			                     .prot_before = cases[i].before,
			                     .prot_after = cases[i].after,
			                     .name = "",
			                     .event = &event };

		assert_int_equal(kind_of_change(&change, NULL, cases[i].creator), cases[i].kind);
	}
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < KIND_COUNT; i++)
		assert_true(strlen(vma_kind_name((enum vma_kind)i)) > 1);
}

/* What the loader mapped, and a reservation that the program put right below it. */
static void guard_and_stack_come_together(void **state)
{
	struct expected rows[] = {
		{ 0x10000, 0x80000, 0, false, "", KIND_GUARD, 7, false },
		{ 0x80000, 0x90000, R | W, false, "", KIND_ANONYMOUS, 0, false },
	};

	(void)state;
	expect_kinds(rows, 2, &nothing);
	rows[0].created_by = 0;
	rows[1].kind = KIND_THREAD_STACK;
	expect_kinds(rows, 2, &nothing);
	rows[0].created_by = rows[1].created_by = 7;
	expect_kinds(rows, 2, &nothing);
}

/* An object that ends where the context says, by a path of its own. */
static const char *object_until(void *context, uint64_t address)
{
	return address < *(const uint64_t *)context ? "/lib/a.so" : NULL;
}

static void bss_ends_with_its_object(void **state)
{
	uint64_t end = 0x5000;
	const struct kinds_source source = { .context = &end, .module = object_until };
	struct expected rows[] = {
		ROW(0x1000, 0x2000, R | X, false, "/usr/lib/a.so", KIND_TEXT),
		ROW(0x2000, 0x3000, R | W, false, "/usr/lib/a.so", KIND_DATA),
		ROW(0x3000, 0x6000, R | W, false, "", KIND_BSS),
	};

	(void)state;
	expect_kinds(rows, 3, &source);
	end = 0x3000;
	rows[2].kind = KIND_ANONYMOUS;
	expect_kinds(rows, 3, &source);
	end = 0;
	rows[2].kind = KIND_BSS;
	expect_kinds(rows, 3, &source);
	/* Loaded while it was recorded, right below what was there. */
	rows[0].created_by = rows[1].created_by = 7;
	rows[2].kind = KIND_ANONYMOUS;
	expect_kinds(rows, 3, &source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_stack_in_pieces),
		cmocka_unit_test(segments_of_objects),
		cmocka_unit_test(files_and_kernel_objects),
		cmocka_unit_test(a_library_without_text),
		cmocka_unit_test(stacks_and_arenas_by_their_shape),
		cmocka_unit_test(the_creator_decides_over_the_shape),
		cmocka_unit_test(parts_of_rows),
		cmocka_unit_test(creators_by_name),
		cmocka_unit_test(one_change_alone),
		cmocka_unit_test(changes_of_libc),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(bss_ends_with_its_object),
		cmocka_unit_test(guard_and_stack_come_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
