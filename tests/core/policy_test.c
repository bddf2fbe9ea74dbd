/*
 * policy_test: what policies are made of: patterns, sizes, allow entries, baselines, the verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/altered.h"
#include "core/baseline.h"
#include "core/glob.h"
#include "core/quantity.h"
#include "core/rules.h"
#include "core/verdict.h"

static void globs_match(void **state)
{
	static const struct {
		const char *glob, *text;
		bool matches;
	} cases[] = {
		{ "*", "", true },
		{ "*", "a/b", true },
		{ "lib*", "libc.so.6", true },
		{ "lib*", "alib", false },
		{ "*.so*", "libc.so.6", true },
		{ "a*b*c", "axxbyybzzc", true },
		{ "a*b*c", "axxbyyb", false },
		{ "?", "", false },
		{ "?b", "ab", true },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[]]", "]", true },
		{ "[a\\]]", "]", true },
		{ "[a-]", "-", true },
		{ "\\*", "*", true },
		{ "\\*", "x", false },
		{ "operator new*", "operator new(unsigned long)", true },
		{ "", "", true },
		{ "[", "[", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (glob_matches(cases[i].glob, cases[i].text) != cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].glob, cases[i].text);
	assert_true(glob_matches("*", NULL));
	assert_false(glob_matches("a*", NULL));
	assert_true(glob_matches_path("lib*", "/usr/lib/libx.so"));
	assert_true(glob_matches_path("/usr/*", "/usr/lib/libx.so"));
	assert_false(glob_matches_path("usr*", "/usr/lib/libx.so"));
}

/* Pattern and text that make a recursive matcher run for ever. */
static void globs_end(void **state)
{
	char text[4097], glob[513];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(glob) - 1; i += 2)
		memcpy(glob + i, "*a", 2);
	glob[sizeof(glob) - 2] = 'b';
	glob[sizeof(glob) - 1] = '\0';
	assert_false(glob_matches(glob, text));
}

static void globs_have_faults(void **state)
{
	(void)state;
	assert_null(glob_fault("lib*[a-z]\\]"));
	assert_non_null(glob_fault(""));
	assert_non_null(glob_fault("lib["));
	assert_non_null(glob_fault("[]"));
	assert_non_null(glob_fault("a\\"));
}

static void quantities(void **state)
{
	uint64_t number;
	char text[32];

	(void)state;
	assert_true(quantity_count("5000", &number) && number == 5000);
	assert_false(quantity_count("5k", &number));
	assert_false(quantity_count("", &number));
	assert_false(quantity_count("-1", &number));
	assert_true(quantity_count("18446744073709551615", &number) && number == UINT64_MAX);
	assert_false(quantity_count("18446744073709551616", &number));
	assert_true(quantity_bytes("2GiB", &number) && number == 2ull << 30);
	assert_true(quantity_bytes("64 KiB", &number) && number == 65536);
	assert_true(quantity_bytes("1K", &number) && number == 1024);
	assert_true(quantity_bytes("1KB", &number) && number == 1000);
	assert_true(quantity_bytes("4096", &number) && number == 4096);
	assert_false(quantity_bytes("2Gib", &number));
	assert_false(quantity_bytes("GiB", &number));
	assert_false(quantity_bytes("16777216TiB", &number));
	assert_true(quantity_mode("0600", &number) && number == 0600);
	assert_true(quantity_mode("0o640", &number) && number == 0640);
	assert_false(quantity_mode("0800", &number));
	assert_false(quantity_mode("1777", &number));
	assert_string_equal(quantity_text(text, sizeof(text), 2ull << 30), "2 GiB");
	assert_string_equal(quantity_text(text, sizeof(text), 1536), "1.5 KiB");
	assert_string_equal(quantity_text(text, sizeof(text), 0), "0 B");
}

static void numbers_by_key(void **state)
{
	struct number_table table = { 0 };

	(void)state;
	assert_null(number_table_find(&table, 1));
	for (uint64_t key = 0; key < 10000; key++)
		*number_table_at(&table, key << 32) = key;
	for (uint64_t key = 0; key < 10000; key++)
		assert_int_equal(*number_table_find(&table, key << 32), key);
	assert_int_equal(table.count, 10000);
	assert_null(number_table_find(&table, 1));
	number_table_release(&table);
}

static const struct finding_frame jit[] = {
	{ .module = "/usr/lib/libc.so.6", .function = "mmap", .runtime = true },
	{ .module = "/opt/libjit.so", .function = "jit_alloc", .file = "alloc.c", .line = 3 },
	{ .module = "/opt/app", .function = "main", .file = "app.c", .line = 9 },
};

static void allow_wants_one_frame(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	struct finding finding = { .policy = &rule };
	struct policy_allow allow = { .rule = &rule_wx_mapping };

	(void)state;
	assert_true(finding_set_frames(&finding, jit, 3));
	assert_int_equal(finding.site_frame, 1);
	assert_true(allow_matches(&allow, &finding));
	allow.module = "libjit*";
	allow.function = "jit_*";
	assert_true(allow_matches(&allow, &finding));
	allow.function = "main"; /* of another frame */
	assert_false(allow_matches(&allow, &finding));
	allow.function = NULL;
	allow.file = "alloc.c";
	assert_true(allow_matches(&allow, &finding));
	allow.rule = &rule_leaked_shm;
	assert_false(allow_matches(&allow, &finding));
	free(finding.frames);
}

static void findings_are_one_for_a_place(void **state)
{
	const struct policy_rule error = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	const struct policy_rule warning = { .rule = &rule_churn, .level = LEVEL_WARNING };
	const struct policy policy = { .incomplete = INCOMPLETE_FAIL };
	const struct policy_allow allow = { 0 };
	struct findings findings = { 0 };
	struct finding *first;
	bool fresh;

	(void)state;
	findings_at(&findings, &warning, 0, 7, "", &fresh)->count = 1;
	assert_true(fresh);
	first = findings_at(&findings, &error, 10, 7, "", &fresh);
	assert_true(fresh);
	first->count = 2;
	assert_ptr_equal(findings_at(&findings, &error, 10, 7, "", &fresh), first);
	assert_false(fresh);
	findings_at(&findings, &error, 10, 7, "other", &fresh)->count = 0; /* taken back */
	findings_finish(&findings);
	assert_int_equal(findings.count, 2);
	assert_ptr_equal(findings.items[0], first); /* worst first */
	assert_int_equal(verdict_of(&policy, &findings, false).kind, VERDICT_FAIL);
	assert_int_equal(verdict_of(&policy, &findings, true).kind, VERDICT_INCOMPLETE);
	first->allow = &allow;
	assert_int_equal(verdict_of(&policy, &findings, false).kind, VERDICT_PASS);
	assert_int_equal(verdict_of(&policy, &findings, false).warnings, 1);
	assert_int_equal(verdict_of(&policy, &findings, false).allowed, 1);
	findings_release(&findings);
}

static const struct baseline_site *site(struct baseline *baseline, uint64_t id, const char *chain,
                                        uint32_t line, bool *is_new)
{
	struct finding_frame frames[8] = { 0 };
	char functions[8][2] = { "" };
	size_t count = strlen(chain);

	for (size_t i = 0; i < count; i++) {
		functions[i][0] = chain[i];
		frames[i] = (struct finding_frame) { .module = "/x/app",
			                             .function = functions[i],
			                             .line = line };
	}
	return baseline_add(baseline, id, "mmap", frames, count, 4096, is_new);
}

static void baselines_count(void **state)
{
	struct baseline baseline = { .has_known = true };
	struct baseline_site *known;
	bool is_new, fresh;

	(void)state;
	known = site_list_at(&baseline.known, 1, &fresh);
	known->call = strdup("mmap");
	known->places = known->calls = 1;
	known->bytes = 4096;
	site(&baseline, 1, "am", 10, &is_new);
	assert_false(is_new);
	site(&baseline, 1, "am", 10, &is_new);
	assert_false(is_new);
	site(&baseline, 1, "am", 11, &is_new); /* another line */
	assert_true(is_new);
	site(&baseline, 4, "bm", 5, &is_new);
	assert_true(is_new);
	altered_find(&baseline);
	assert_true(baseline_grown(site_list_find(&baseline.now, 1)));
	assert_false(baseline_grown(site_list_find(&baseline.now, 4)));
	assert_int_equal(baseline_bound(0), 0);
	assert_int_equal(baseline_bound(5), 8);
	assert_int_equal(baseline_bound(8), 8);
	assert_int_equal(baseline_bound(UINT64_MAX), 1ull << 63);
	baseline_release(&baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_match),
		cmocka_unit_test(globs_end),
		cmocka_unit_test(globs_have_faults),
		cmocka_unit_test(quantities),
		cmocka_unit_test(numbers_by_key),
		cmocka_unit_test(allow_wants_one_frame),
		cmocka_unit_test(findings_are_one_for_a_place),
		cmocka_unit_test(baselines_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
