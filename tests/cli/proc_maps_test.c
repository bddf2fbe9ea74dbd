/*
 * proc_maps_test.c: the reader of /proc/PID/maps on the kernel's own lines, on odd ones, and on none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/proc_maps.h"

static struct proc_maps parse(const char *text)
{
	struct proc_maps maps;

	assert_true(proc_maps_parse(&maps, text, strlen(text)));
	return maps;
}

/* Lines of a 64-bit system with an NVMe disk, whose device numbers are 103:01. */
static void test_usual_rows(void **state)
{
	struct proc_maps maps = parse(
		"00400000-0040b000 r-xp 00000000 103:01 4202694                           "
		"/bin/cat\n"
		"0060a000-0060b000 r--p 0000a000 103:01 4202694                           "
		"/bin/cat\n"
		"0060b000-0060c000 rw-p 0000b000 103:01 4202694                           "
		"/bin/cat\n"
		"2129c000-212bd000 rw-p 00000000 00:00 0                                  [heap]\n"
		"7f5b1c9e7000-7f5b1ca0a000 rw-p 00000000 00:00 0 \n"
		"7ffc6c1e2000-7ffc6c203000 rw-p 00000000 00:00 0                          [stack]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
		"[vsyscall]\n");

	(void)state;
	assert_int_equal(maps.count, 7);
	assert_int_equal(maps.bad_lines, 0);
	assert_int_equal(maps.rows[0].start, 0x400000);
	assert_int_equal(maps.rows[0].end, 0x40b000);
	assert_int_equal(maps.rows[0].prot, 5);
	assert_false(maps.rows[0].shared);
	assert_int_equal(maps.rows[0].dev_major, 0x103);
	assert_int_equal(maps.rows[0].dev_minor, 1);
	assert_int_equal(maps.rows[0].inode, 4202694);
	assert_string_equal(maps.rows[0].name, "/bin/cat");
	assert_int_equal(maps.rows[1].offset, 0xa000);
	assert_int_equal(maps.rows[3].end - maps.rows[3].start, 135168);
	assert_string_equal(maps.rows[3].name, "[heap]");
	assert_string_equal(maps.rows[4].name, "");
	assert_int_equal(maps.rows[6].start, 0xffffffffff600000);
	assert_int_equal(maps.rows[6].prot, 4);
	assert_string_equal(maps.rows[6].name, "[vsyscall]");
	proc_maps_release(&maps);
}

static void test_odd_names(void **state)
{
	struct proc_maps maps = parse(
		"10000-11000 r--s 00000000 fd:10a 18446744073709551615 /tmp/two  words (deleted)\n"
		"11000-12000 ---p fffffffffffff000 00:01 1             /dev/zero\\012line "
		"(deleted)\n"
		"12000-13000 rwxs 00000000 00:01 32769                  /SYSV00000000 (deleted)\n"
		"13000-14000 rw-p 00000000 00:00 0                      [anon:my name]\n"
		"14000-15000 rw-s 00000000 00:0f 5                      anon_inode:[perf_event]");

	(void)state;
	assert_int_equal(maps.count, 5);
	assert_string_equal(maps.rows[0].name, "/tmp/two  words (deleted)");
	assert_int_equal(maps.rows[0].inode, UINT64_MAX);
	assert_int_equal(maps.rows[0].dev_minor, 0x10a);
	assert_true(maps.rows[0].shared);
	assert_string_equal(maps.rows[1].name, "/dev/zero\\012line (deleted)");
	assert_int_equal(maps.rows[1].offset, 0xfffffffffffff000);
	assert_int_equal(maps.rows[2].prot, 7);
	assert_string_equal(maps.rows[3].name, "[anon:my name]");
	/* The last line may lack its newline: a trace stores pieces. */
	assert_string_equal(maps.rows[4].name, "anon_inode:[perf_event]");
	proc_maps_release(&maps);
}

static void test_no_rows(void **state)
{
	static const char *const bad[] = {
		"\n",
		"nothing\n",
		"10000-11000\n",
		"10000-11000 rw-p 0 00:00\n",
		"11000-10000 rw-p 00000000 00:00 0\n",
		"10000-10000 rw-p 00000000 00:00 0\n",
		"10000-11000 wr-p 00000000 00:00 0\n",
		"10000-11000 rw-x 00000000 00:00 0\n",
		"10000-11000 rw-p 00000000 00:00 0x\n",
		"10000-10000000000000000 rw-p 00000000 00:00 0\n",
		"10000-11000 rw-p 00000000 00:00 18446744073709551616\n",
		"10000-11000 rw-p 00000000 100000000:00 0\n",
		"-11000 rw-p 00000000 00:00 0\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct proc_maps maps = parse(bad[i]);

		assert_int_equal(maps.count, 0);
		assert_int_equal(maps.bad_lines, 1);
		proc_maps_release(&maps);
	}
}

static void test_empty(void **state)
{
	struct proc_maps maps = parse("");

	(void)state;
	assert_int_equal(maps.count, 0);
	assert_int_equal(maps.bad_lines, 0);
	proc_maps_release(&maps);
}

/* What this kernel prints of this process: every line is a row, in order. */
static void test_own(void **state)
{
	FILE *file = fopen("/proc/self/maps", "r");
	static char text[1 << 20];
	struct proc_maps maps;
	size_t bytes, lines = 0;

	(void)state;
	assert_non_null(file);
	bytes = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	assert_true(proc_maps_parse(&maps, text, bytes));
	assert_int_equal(maps.count, lines);
	assert_int_equal(maps.bad_lines, 0);
	proc_maps_release(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_rows), cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_no_rows),    cmocka_unit_test(test_empty),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
