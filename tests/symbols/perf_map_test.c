/*
 * perf_map_test.c: which name an address has where the lines of a perf map overlap, held against a look through all
 * lines: the last one that holds it. And how many names are in doubt for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/perf_map.h"

enum { PID = 4711, SPACE = 1 << 12, LINES = 300 };

/* A map with that text in a root of its own. */
static struct perf_map *map_of(const char *text)
{
	char root[] = "/tmp/vmatrace-test.XXXXXX";
	char folder[64], path[96];
	struct perf_map *map;
	FILE *file;

	assert_non_null(mkdtemp(root));
	snprintf(folder, sizeof(folder), "%s/tmp", root);
	snprintf(path, sizeof(path), "%s/perf-%d.map", folder, PID);
	assert_int_equal(mkdir(folder, 0700), 0);
	umask(022);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	map = perf_map_open(root, PID, 0);
	unlink(path);
	rmdir(folder);
	rmdir(root);
	assert_non_null(map);
	return map;
}

static void names_at(struct perf_map *map, uint64_t address, const char *name)
{
	const char *found = perf_map_at(map, address);

	if (name)
		assert_string_equal(found ? found : "(none)", name);
	else
		assert_null(found);
}

static void last_line_wins(void **state)
{
	struct perf_map *map = map_of("100 100 first\n"
	                              "180 100 half over it\n"
	                              "140 10 inside\n"
	                              "140 8 inside, again\n"
	                              "100 100 all of it\n"
	                              "150 8 late\n");

	(void)state;
	names_at(map, 0xff, NULL);
	names_at(map, 0x100, "all of it");
	names_at(map, 0x144, "all of it");
	names_at(map, 0x150, "late");
	names_at(map, 0x157, "late");
	names_at(map, 0x158, "all of it");
	names_at(map, 0x1ff, "all of it");
	names_at(map, 0x200, "half over it");
	names_at(map, 0x27f, "half over it");
	names_at(map, 0x280, NULL);
	/* "half over it" was asked for only where it is alone. */
	assert_int_equal(perf_map_doubtful(map), 2);
	perf_map_close(map);
}

static void same_name_is_no_doubt(void **state)
{
	struct perf_map *map = map_of("100 10 f\n100 20 f\n300 10 g\n");

	(void)state;
	names_at(map, 0x100, "f");
	names_at(map, 0x300, "g");
	assert_int_equal(perf_map_doubtful(map), 0);
	perf_map_close(map);
	names_at(NULL, 0x100, NULL);
	assert_int_equal(perf_map_doubtful(NULL), 0);
}

static void lines_that_are_none(void **state)
{
	struct perf_map *map = map_of("100 10 f\nnot a line\n\n100\n100 10\n100 0 empty\n"
	                              "fffffffffffffff0 20 around\n108 8 unfinished");

	(void)state;
	names_at(map, 0x108, "f");
	names_at(map, 0, NULL);
	names_at(map, UINT64_MAX, NULL);
	perf_map_close(map);
}

struct line {
	uint64_t start, size;
	char name[8];
	bool doubtful;
};

static size_t make_text(struct line *lines, char *text, size_t bytes)
{
	size_t length = 0;

	for (size_t i = 0; i < LINES; i++) {
		struct line *line = &lines[i];

		*line = (struct line) {
			.start = (uint64_t)(rand() % SPACE),
			.size = 1 + (uint64_t)(rand() % (rand() % 8 ? 64 : SPACE)),
		};
		/* Names that come again are no doubt. */
		snprintf(line->name, sizeof(line->name), "n%d", rand() % 40);
		length += (size_t)snprintf(text + length, bytes - length,
		                           "%" PRIx64 " %" PRIx64 " %s\n", line->start, line->size,
		                           line->name);
	}
	return length;
}

/* By looking through all lines. */
static const char *name_at(struct line *lines, uint64_t address)
{
	struct line *last = NULL;
	bool differ = false;

	for (size_t i = 0; i < LINES; i++) {
		if (address < lines[i].start || address - lines[i].start >= lines[i].size)
			continue;
		differ = differ || (last && strcmp(last->name, lines[i].name) != 0);
		last = &lines[i];
	}
	if (last && differ)
		last->doubtful = true;
	return last ? last->name : NULL;
}

static void any_lines(void **state)
{
	static struct line lines[LINES];
	static char text[LINES * 64];

	(void)state;
	srand(1);
	for (int round = 0; round < 50; round++) {
		struct perf_map *map;
		size_t doubtful = 0;

		assert_true(make_text(lines, text, sizeof(text)) < sizeof(text));
		map = map_of(text);
		for (uint64_t address = 0; address < 2 * SPACE; address++)
			names_at(map, address, name_at(lines, address));
		for (size_t i = 0; i < LINES; i++)
			doubtful += lines[i].doubtful;
		assert_int_equal(perf_map_doubtful(map), doubtful);
		perf_map_close(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_line_wins),
		cmocka_unit_test(same_name_is_no_doubt),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(any_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
