/*
 * spelling_test.c: the writers that stand between a hostile trace and a terminal or a JSON parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "cmd/when.h"
#include "core/walk.h"
#include "render/event_json.h"
#include "render/json.h"
#include "render/text.h"

/* main.c has the table of commands; no unit looks one up. */
const struct command *command_named(const char *name)
{
	(void)name;
	return NULL;
}

static void check_json(void (*write)(struct json *json), enum json_layout layout,
                       const char *expected)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct json json;

	assert_non_null(out);
	json_begin(&json, out, layout);
	write(&json);
	json_end(&json);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void write_nested(struct json *json)
{
	json_object(json);
	json_member_number(json, "max", UINT64_MAX);
	json_member_signed(json, "min", INT64_MIN);
	json_member_hex(json, "at", 0x7f1200);
	json_key(json, "list");
	json_array(json);
	json_null(json);
	json_bool(json, true);
	json_array(json);
	json_array_end(json);
	json_object(json);
	json_object_end(json);
	json_array_end(json);
	json_member_string(json, "none", NULL);
	json_object_end(json);
}

static void test_structure(void **state)
{
	(void)state;
	check_json(write_nested, JSON_LINE,
	           "{\"max\":18446744073709551615,\"min\":-9223372036854775808,\"at\":\"0x7f1200\","
	           "\"list\":[null,true,[],{}],\"none\":null}\n");
	check_json(write_nested, JSON_ROWS,
	           "{\n\"max\":18446744073709551615,\n\"min\":-9223372036854775808,\n"
	           "\"at\":\"0x7f1200\",\n\"list\":[null,true,[],{}],\n\"none\":null\n}\n");
}

static void write_hostile(struct json *json)
{
	json_array(json);
	json_string(json, "\"\\/\b\f\n\r\t\x01\x1f\x7f");
	json_string(json, "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x8e\x88");
	json_string(json, "\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82");
	json_string_bytes(json, "a\0b", 3);
	json_array_end(json);
}

static void test_strings(void **state)
{
	(void)state;
	check_json(write_hostile, JSON_LINE,
	           "[\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\t\\u0001\\u001f\\u007f\","
	           "\"gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x8e\x88\","
	           "\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd\\ufffd|"
	           "\\ufffd\\ufffd\",\"a\\u0000b\"]\n");
}

static void test_escaped(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(text_escaped(text, sizeof(text), "plain \xc3\xbc"), "plain \xc3\xbc");
	assert_string_equal(text_escaped(text, sizeof(text), "\033[31m\n\x7f"),
	                    "\\x1b[31m\\x0a\\x7f");
	/* C1 controls, and marks that turn the direction of writing. */
	assert_string_equal(text_escaped(text, sizeof(text), "\xc2\x9b|\xe2\x80\xae"),
	                    "\\xc2\\x9b|\\xe2\\x80\\xae");
	assert_string_equal(text_escaped(text, sizeof(text), "\xff"), "\\xff");
	/* Cut at a whole piece. */
	assert_string_equal(text_escaped(text, 4, "ab\xc3\xbc"), "ab");
	assert_string_equal(text_escaped(text, 1, "ab"), "");
}

static void test_quoted(void **state)
{
	struct writer out;

	(void)state;
	writer_init(&out, NULL);
	writer_quoted(&out, "a\"b\\c\n");
	writer_byte(&out, '\0');
	writer_flush(&out);
	assert_string_equal(out.kept, "\"a\\\"b\\\\c\\x0a\"");
	free(out.kept);
}

static void write_mseal(struct json *json)
{
	static const uint64_t flags[] = { 0, 3 };

	json_array(json);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct event event = { .call = CALL_MSEAL, .args = { 4096, 4096, flags[i] } };

		json_event(json, &event, 1, NULL, &(const struct stack_view) { 0 });
	}
	json_array_end(json);
}

/* A set of flags is an array whatever the call, also where no bit has a name yet. */
static void test_flags_without_names(void **state)
{
#define HEAD                                                                                       \
	"{\"seq\":0,\"enter\":0,\"exit\":0,\"time_ns\":0,\"duration_ns\":0,\"pid\":1,\"tid\":0,"   \
	"\"call\":\"mseal\",\"via\":\"wrapper\",\"internal\":false,"                               \
	"\"args\":{\"addr\":\"0x1000\",\"length\":4096,\"flags\":"
#define TAIL "},\"result\":0,\"errno\":null,\"stack\":[],\"flags\":[]}"
	(void)state;
	check_json(write_mseal, JSON_LINE, "[" HEAD "[]" TAIL "," HEAD "[\"0x3\"]" TAIL "]\n");
}

static void test_quantities(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(text_bytes(text, sizeof(text), 0), "0 B");
	assert_string_equal(text_bytes(text, sizeof(text), 1023), "1023 B");
	assert_string_equal(text_bytes(text, sizeof(text), 135168), "132 KiB");
	assert_string_equal(text_bytes(text, sizeof(text), 3ull << 29), "1.5 GiB");
	assert_string_equal(text_bytes(text, sizeof(text), 1ull << 63), "8 EiB");
	assert_string_equal(text_bytes(text, 5, 135168), "132 ");
	assert_string_equal(text_bytes(text, sizeof(text), UINT64_MAX), "16.0 EiB");
	assert_string_equal(text_duration(text, sizeof(text), 350), "350 ns");
	assert_string_equal(text_duration(text, sizeof(text), 1250000000), "1.25 s");
	assert_string_equal(text_prot(text, sizeof(text), 5), "r-x");
	assert_string_equal(errno_name(12, text), "ENOMEM");
	assert_string_equal(errno_name(9999, text), "E9999");
}

static void test_change_bytes(void **state)
{
	struct vma_change change = { .kind = CHANGE_LOCK, .end = 1ull << 47, .mapped_bytes = 8192 };

	(void)state;
	assert_int_equal(vma_change_bytes(&change), 8192);
	change.end = 4096;
	assert_int_equal(vma_change_bytes(&change), 4096);
	/* Of what is gone, nothing is mapped any more. */
	change = (struct vma_change) { .kind = CHANGE_REMOVE, .end = 12288, .mapped_bytes = 4096 };
	assert_int_equal(vma_change_bytes(&change), 12288);
}

static void check_when(const char *text, enum when_kind kind, uint64_t value)
{
	struct when when;

	assert_true(when_parse(&when, text));
	assert_int_equal(when.kind, kind);
	assert_int_equal(when.value, value);
	assert_true(when.given);
}

static void test_when(void **state)
{
	static const char *const bad[] = { "",           "now",  "1",    "1x",
		                           "s",          ".5s",  "1.s",  "-1s",
		                           "@",          "@x",   "@1--", "@-",
		                           "mark:",      "1e3s", "1 s",  "18446744073709551616ns",
		                           "9223372037s" };
	struct when when;

	(void)state;
	check_when("start", WHEN_START, 0);
	check_when("end", WHEN_END, 0);
	check_when("peak", WHEN_PEAK, 0);
	check_when("peak-vmas", WHEN_PEAK_VMAS, 0);
	check_when("1.25s", WHEN_TIME, 1250000000);
	check_when("250ms", WHEN_TIME, 250000000);
	check_when("0.5us", WHEN_TIME, 500);
	check_when("1.9999999999s", WHEN_TIME, 1999999999);
	check_when("7ns", WHEN_TIME, 7);
	check_when("@0", WHEN_AFTER, 0);
	check_when("@12", WHEN_AFTER, 12);
	check_when("@12-", WHEN_BEFORE, 12);
	check_when("mark:a b", WHEN_MARK, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(when_parse(&when, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_flags_without_names),
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_change_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
