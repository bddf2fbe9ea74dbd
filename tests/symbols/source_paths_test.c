/*
 * source_paths_test.c: where a source file lies, by the folder that its compiler ran in and the name that it was
 * told. What compilers write down is held by tests/check/places.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/source_paths.h"

static const struct {
	const char *folder;
	const char *name;
	const char *whole;
} cases[] = {
	{ "/p/build", "../src/a.c", "/p/src/a.c" },
	{ "/p/src", "sub/a.c", "/p/src/sub/a.c" },
	{ "/p/src/", "a.c", "/p/src/a.c" },
	{ "/p", "/q/a.c", "/q/a.c" },
	{ "/", "a.c", "/a.c" },
	{ NULL, "a.c", "a.c" },
	{ "", "sub/a.c", "sub/a.c" },
	/* A folder that was mapped to another is relative, and libdw may have put it there already. */
	{ ".", "sub/a.c", "sub/a.c" },
	{ "./build", "../src/a.c", "src/a.c" },
	{ "./src", "./src/a.c", "src/a.c" },
	{ "src", "srcs/a.c", "src/srcs/a.c" },
	/* Dots alone. */
	{ "/p", "/a/b/../c.c", "/a/c.c" },
	{ "/p", "/a/./b//c.c", "/a/b/c.c" },
	{ NULL, "../a.c", "../a.c" },
	{ NULL, "../../a.c", "../../a.c" },
	{ NULL, "a/../../b.c", "../b.c" },
	{ NULL, "a/../b.c", "b.c" },
	{ NULL, "/a/b/../../c.c", "/c.c" },
	{ NULL, "/../../c.c", "/c.c" },
	{ NULL, "/build/../src/./x/../y.c", "/src/y.c" },
	{ NULL, "..a/.b/c...c", "..a/.b/c...c" },
	{ NULL, "", "" },
	{ NULL, "/", "/" },
};

static void paths_are_whole(void **state)
{
	struct source_paths paths = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			assert_string_equal(
				source_paths_whole(&paths, cases[i].folder, cases[i].name),
				cases[i].whole);
	source_paths_release(&paths);
}

/* Two units share a name, and are compiled in two folders; a name is spelled once. */
static void one_name_in_two_folders(void **state)
{
	static const char name[] = "a.c", first[] = "/first", second[] = "/second";
	struct source_paths paths = { 0 };
	const char *whole = source_paths_whole(&paths, first, name);

	(void)state;
	assert_string_equal(whole, "/first/a.c");
	assert_string_equal(source_paths_whole(&paths, second, name), "/second/a.c");
	assert_ptr_equal(source_paths_whole(&paths, first, name), whole);
	assert_int_equal(paths.count, 2);
	source_paths_release(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_whole),
		cmocka_unit_test(one_name_in_two_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
