/*
 * site_id_test: what an id survives, what it tells apart, and its value, which files on disk rely on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/site_id.h"

struct part {
	const char *module;
	const char *function;
	bool runtime;
};

static uint64_t id_of(const char *call, const struct part *parts, size_t count)
{
	struct site_id id;

	site_id_begin(&id, call);
	for (size_t i = 0; i < count; i++)
		site_id_add(&id, parts[i].module, parts[i].function, parts[i].runtime);
	return id.hash;
}

#define ID(call, ...)                                                                              \
	id_of(call, (const struct part[]) { __VA_ARGS__ },                                         \
	      sizeof((const struct part[]) { __VA_ARGS__ }) / sizeof(struct part))

static void values_stay(void **state)
{
	char text[SITE_ID_DIGITS + 1];

	(void)state;
	/* FNV-1a of "mmap\0app\0main\0", worked out by another program. */
	assert_string_equal(site_id_text(text, ID("mmap", { "/bin/app", "main", false })),
	                    "38d0b4cc8577dcae");
	assert_string_equal(site_id_text(text, ID("munmap", { "/lib/libc.so.6", "free", true },
	                                          { "/bin/app", "main", false })),
	                    "3a7e96fef5f59bfd");
	assert_string_equal(site_id_text(text, 0xab), "00000000000000ab");
}

static void folders_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(ID("mmap", { "/build/1/app", "f", false }),
	                 ID("mmap", { "app", "f", false }));
}

static void parts_count(void **state)
{
	uint64_t id = ID("mmap", { "app", "f", false }, { "app", "main", false });

	(void)state;
	assert_int_not_equal(id, ID("munmap", { "app", "f", false }, { "app", "main", false }));
	assert_int_not_equal(id, ID("mmap", { "app", "g", false }, { "app", "main", false }));
	assert_int_not_equal(id, ID("mmap", { "lib", "f", false }, { "app", "main", false }));
	assert_int_not_equal(id, ID("mmap", { "app", "main", false }, { "app", "f", false }));
	assert_int_not_equal(id, ID("mmap", { "app", "f", false }));
	/* Not one string after the other, with nothing between. */
	assert_int_not_equal(ID("mmap", { "ab", "c", false }), ID("mmap", { "a", "bc", false }));
}

static void runtime_is_its_module(void **state)
{
	(void)state;
	assert_int_equal(ID("mmap", { "libc.so.6", "sysmalloc", true }, { "app", "f", false }),
	                 ID("mmap", { "libc.so.6", NULL, true }, { "app", "f", false }));
	assert_int_not_equal(ID("mmap", { "libc.so.6", NULL, true }, { "app", "f", false }),
	                     ID("mmap", { "app", "f", false }));
}

static void recursion_is_one_frame(void **state)
{
	struct part deep[100];
	uint64_t once = ID("mmap", { "app", "walk", false }, { "app", "visit", false },
	                   { "app", "main", false });

	(void)state;
	for (size_t i = 0; i < 99; i++)
		deep[i] = (struct part) { "app", i % 2 ? "visit" : "walk", false };
	deep[99] = (struct part) { "app", "main", false };
	assert_int_equal(id_of("mmap", deep, 100), once);
	assert_int_equal(ID("mmap", { "app", "walk", false }, { "app", "walk", false },
	                    { "app", "visit", false }, { "app", "main", false }),
	                 once);
}

static void sixteen_frames(void **state)
{
	struct part chain[20];
	char names[20][8];
	uint64_t id;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		chain[i] = (struct part) { "app", names[i], false };
	}
	id = id_of("mmap", chain, 16);
	assert_int_equal(id_of("mmap", chain, 20), id);
	chain[15].function = "other";
	assert_int_not_equal(id_of("mmap", chain, 20), id);
}

static void nothing_known(void **state)
{
	(void)state;
	assert_int_equal(ID("mmap", { NULL, NULL, false }), ID("mmap", { "", "", false }));
	assert_int_not_equal(ID("mmap", { NULL, NULL, false }), id_of("mmap", NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_stay),
		cmocka_unit_test(folders_do_not_count),
		cmocka_unit_test(parts_count),
		cmocka_unit_test(runtime_is_its_module),
		cmocka_unit_test(recursion_is_one_frame),
		cmocka_unit_test(sixteen_frames),
		cmocka_unit_test(nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
