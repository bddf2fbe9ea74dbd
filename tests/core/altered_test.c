/*
 * altered_test: what a baseline says of a program that was compiled another way, and of one that was changed.
 * A call site is a word: a letter for each function of the program, innermost first; "." is one without a name,
 * a capital letter one of a library, which is as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/altered.h"

enum { MET = 'm', NEW = 'n', GONE = 'g', ALTERED = 'a' };

/* Sites, their places behind a colon: "abm cm:2". Each is followed by what it is expected to become: "=n". */
struct scenario {
	const char *what;
	enum module_symbols symbols[2]; /* known, now */
	const char *options[2];
	const char *known;
	const char *now;
};

#define LINES                                                                                      \
	{                                                                                          \
		SYMBOLS_LINES, SYMBOLS_LINES                                                       \
	}
#define NAMES                                                                                      \
	{                                                                                          \
		SYMBOLS_NAMES, SYMBOLS_NAMES                                                       \
	}

static const struct scenario scenarios[] = {
	{ "the same", LINES, { "-O2", "-O2" }, "abm=m cm=m", "abm=m cm=m" },
	{ "inlined", LINES, { "-O0", "-O2" }, "abcm=a dm=m", "acm=a dm=m" },
	{ "no longer inlined", LINES, { "-O2", "-O0" }, "acm=a dm=m", "abcm=a dm=m" },
	{ "a changed source", LINES, { "-O2", "-O2" }, "abcm=g dm=m", "acm=n dm=m" },
	{ "a function renamed", LINES, { "-O0", "-O2" }, "abm=g", "axm=n" },
	{ "a function renamed, the same options", LINES, { "-O2", "-O2" }, "abm=g", "axm=n" },
	{ "more frames by more optimisation", LINES, { "-O0", "-O2" }, "bm=g", "abm=n" },
	{ "added, and inlined", LINES, { "-O0", "-O2" }, "abm=a cm=m", "bm=a xm=n cm=m" },
	/* m() calls mmap itself now, where a() was not inlined: the call is another one. */
	{ "added beside a met one", LINES, { "-O0", "-O2" }, "am=m", "am=m m=n" },
	{ "another level and link-time optimisation",
	  LINES,
	  { "-O2", "-O2 -flto" },
	  "abm=a",
	  "am=a" },
	{ "units of two levels", LINES, { "-O0 -O2", "-O2" }, "abm=a", "am=a" },
	/* a() was reached by b() and by c(): both are left out, and are one. */
	{ "many become one", LINES, { "-O0", "-O2" }, "abm=a acm=a", "am=a" },
	{ "one becomes many", LINES, { "-O2", "-O0" }, "am=a", "abm=a acm=a" },
	{ "one that is met becomes many", LINES, { "-O2", "-O0" }, "am=m", "am=m abm=a" },
	/* Inlined into m(): one name, three places, of which the calls of a and of b are two. */
	{ "places",
	  NAMES,
	  { "-fomit-frame-pointer?", "-fno-omit-frame-pointer?" },
	  "m:3=m",
	  "m=m am=a bm=a" },
	{ "more functions than places",
	  NAMES,
	  { "-fomit-frame-pointer?", "-fno-omit-frame-pointer?" },
	  "m:2=m",
	  "m=m am=a bm=n" },
	{ "debug information is gone",
	  { SYMBOLS_LINES, SYMBOLS_NAMES },
	  { "-O2", "-fomit-frame-pointer?" },
	  "abm=a cm=m",
	  "bm=a cm=m" },
	{ "stripped",
	  { SYMBOLS_LINES, SYMBOLS_NONE },
	  { "-O2", "-fomit-frame-pointer?" },
	  "abm=a cm=a",
	  ".=a" },
	{ "no longer stripped",
	  { SYMBOLS_NONE, SYMBOLS_LINES },
	  { "-fomit-frame-pointer?", "-O2" },
	  ".:2=a",
	  "abm=a cbm=a" },
	{ "stripped both times", { SYMBOLS_NONE, SYMBOLS_NONE }, { "?", "?" }, ".=m", ".=m" },
	/* Nothing is known of the options: it takes four sites, and most of them. */
	{ "most of a module",
	  NAMES,
	  { "?", "?" },
	  "abm=a bcm=a cdm=a dem=a fm=m",
	  "am=a bm=a cm=a dm=a fm=m" },
	{ "few of a module", NAMES, { "?", "?" }, "abm=g bcm=g cdm=g fm=m", "am=n bm=n cm=n fm=m" },
	/* Everything fits into m() alone, which says nothing: it is met. */
	{ "a rename beside one that fits all",
	  NAMES,
	  { "?", "?" },
	  "abm=g acm=g adm=g aem=g m=m",
	  "axm=n aym=n m=m" },
	{ "half of a module",
	  NAMES,
	  { "?", "?" },
	  "abm=g bcm=g cdm=g dem=g fm=m gm=m hm=m im=m",
	  "am=n bm=n cm=n dm=n fm=m gm=m hm=m im=m" },
	/* A chain ends after 16: with one left out, the one behind it shows. */
	{ "a long chain", LINES, { "-O0", "-O2" }, "abcdefghijklmnop=a", "acdefghijklmnopq=a" },
	/* The longer chain ends inside the program, the other one comes to libc. */
	{ "a long chain, stripped",
	  { SYMBOLS_LINES, SYMBOLS_NONE },
	  { "-O2", "-fomit-frame-pointer?" },
	  "abcdefghijklmnop=a bm=a",
	  ".=a" },
	{ "a long chain, no longer stripped",
	  { SYMBOLS_NONE, SYMBOLS_LINES },
	  { "-fomit-frame-pointer?", "-O2" },
	  ".:2=a",
	  "abcdefghijklmnop=a bm=a" },
	{ "only libc in common", LINES, { "-O0", "-O2" }, "ab=g", "c=n" },
};

/* Of "abm:2=n" the place behind "abm"; ids are the words. */
static const char *word_end(const char *word)
{
	return word + strcspn(word, ":=");
}

static uint64_t id_of(const char *word)
{
	uint64_t id = 5381;

	for (const char *end = word_end(word); word < end; word++)
		id = id * 33 + (unsigned char)*word;
	return id;
}

static void add(struct site_list *list, const char *word)
{
	const char *end = word_end(word);
	bool fresh;
	struct baseline_site *site = site_list_at(list, id_of(word), &fresh);
	const struct finding_frame libc = { .module = "/lib/libc.so.6", .runtime = true };

	assert_true(fresh);
	site->call = strdup("mmap");
	site->calls = 1;
	site->places = *end == ':' ? (uint64_t)(end[1] - '0') : 1;
	for (; word < end; word++) {
		const char function[2] = { *word, '\0' };
		const struct finding_frame frame = { .module = *word >= 'A' && *word <= 'Z'
			                                               ? "/lib/libother.so"
			                                               : "/bin/app",
			                             .function = *word == '.' ? NULL : function };

		assert_true(baseline_site_add_frame(site, &frame));
	}
	assert_true(baseline_site_add_frame(site, &libc));
}

static void add_all(struct site_list *list, const char *words)
{
	for (const char *word = words; *word; word += strcspn(word, " "), word += strspn(word, " "))
		add(list, word);
}

static char state_of(const struct baseline_site *site, char alone)
{
	return site->state == BASELINE_MET       ? MET
	       : site->state == BASELINE_ALTERED ? ALTERED
	                                         : alone;
}

static void expect(const struct site_list *list, const char *words, char alone, const char *what)
{
	for (const char *word = words; *word;
	     word += strcspn(word, " "), word += strspn(word, " ")) {
		char got = state_of(site_list_find(list, id_of(word)), alone);
		char expected = word[strcspn(word, "=") + 1];

		if (got != expected)
			print_error("%s: %.*s is %c, expected %c\n", what,
			            (int)(word_end(word) - word), word, got, expected);
		assert_int_equal(got, expected);
	}
}

static void knows(struct module_list *list, enum module_symbols symbols, const char *options)
{
	struct baseline_module *module = module_list_at(list, "app");

	module->build.symbols = symbols;
	strcpy(module->build.options, options);
}

static void scenarios_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		const struct scenario *scenario = &scenarios[i];
		struct baseline baseline = { .has_known = true };

		add_all(&baseline.known, scenario->known);
		add_all(&baseline.now, scenario->now);
		knows(&baseline.known_modules, scenario->symbols[0], scenario->options[0]);
		knows(&baseline.now_modules, scenario->symbols[1], scenario->options[1]);
		altered_find(&baseline);
		expect(&baseline.known, scenario->known, GONE, scenario->what);
		expect(&baseline.now, scenario->now, NEW, scenario->what);
		baseline_release(&baseline);
	}
}

/* What a known site granted, the one that it has become may do. */
static void grants_move_along(void **state)
{
	struct baseline baseline = { .has_known = true };
	const struct baseline_site *now;

	(void)state;
	add_all(&baseline.known, "abm:2 acm:3");
	add_all(&baseline.now, "am:6");
	knows(&baseline.known_modules, SYMBOLS_LINES, "-O0");
	knows(&baseline.now_modules, SYMBOLS_LINES, "-O2");
	altered_find(&baseline);
	now = &baseline.now.sites[0];
	assert_int_equal(now->granted_places, 5);
	assert_int_equal(now->granted_calls, 2);
	assert_false(baseline_grown(now));
	assert_string_equal(now->module->name, "app");
	assert_int_equal(now->module->altered, 1);
	baseline_release(&baseline);
}

/* A chain that is cut fits many; the one that has least behind its end is meant. */
static void grants_of_cut_chains(void **state)
{
	static const char *const words[2] = { "Labcdefghijklmno:1 LMNm:1", "L.:1 LMN.:1" };
	static const enum module_symbols symbols[2] = { SYMBOLS_LINES, SYMBOLS_NONE };

	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct baseline baseline = { .has_known = true };

		add_all(&baseline.known, words[known]);
		add_all(&baseline.now, words[!known]);
		knows(&baseline.known_modules, symbols[known], "?");
		knows(&baseline.now_modules, symbols[!known], "?");
		altered_find(&baseline);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(baseline.now.sites[i].granted_calls, 1);
			assert_ptr_equal(baseline.now.sites[i].from, &baseline.known.sites[i]);
		}
		baseline_release(&baseline);
	}
}

/* A library that was compiled another way says nothing of the program. */
static void modules_speak_for_themselves(void **state)
{
	struct baseline baseline = { .has_known = true };

	(void)state;
	add_all(&baseline.known, "abm=g");
	add_all(&baseline.now, "am=n");
	knows(&baseline.known_modules, SYMBOLS_LINES, "-O2");
	knows(&baseline.now_modules, SYMBOLS_LINES, "-O2");
	module_list_at(&baseline.known_modules, "libother.so")->build.symbols = SYMBOLS_LINES;
	module_list_at(&baseline.now_modules, "libother.so")->build.symbols = SYMBOLS_NONE;
	altered_find(&baseline);
	expect(&baseline.now, "am=n", NEW, "a library");
	expect(&baseline.known, "abm=g", GONE, "a library");
	baseline_release(&baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_hold),
		cmocka_unit_test(grants_move_along),
		cmocka_unit_test(grants_of_cut_chains),
		cmocka_unit_test(modules_speak_for_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
