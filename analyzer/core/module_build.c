/*
 * module_build.c: see the header.
 */
#include "module_build.h"

#include <string.h>

const char *module_symbols_name(enum module_symbols symbols)
{
	static const char *const names[SYMBOLS_COUNT] = {
		[SYMBOLS_NONE] = "none",
		[SYMBOLS_NAMES] = "names",
		[SYMBOLS_LINES] = "lines",
	};

	return symbols < SYMBOLS_COUNT ? names[symbols] : "";
}

static bool is_unknown(const char *options)
{
	return strcmp(options, MODULE_OPTIONS_UNKNOWN) == 0 || !*options;
}

static bool is_guess(const char *options)
{
	size_t length = strlen(options);

	return length && options[length - 1] == '?';
}

enum build_change module_build_change(const struct module_build *known,
                                      const struct module_build *now)
{
	if (known->symbols != now->symbols)
		return BUILD_DIFFERS;
	if (is_unknown(known->options) || is_unknown(now->options))
		return BUILD_PERHAPS;
	if (strcmp(known->options, now->options) != 0)
		return BUILD_DIFFERS;
	/* Two levels that both do without frame pointers look alike. */
	return is_guess(known->options) ? BUILD_PERHAPS : BUILD_SAME;
}

/* How much an optimiser does, as a number; -1: it cannot be told. */
static int rank_of(const char *options)
{
	static const struct {
		const char *name;
		int rank;
	} levels[] = {
		{ "-O0", 0 }, { "-Og", 1 }, { "-O1", 1 }, { "-O", 1 },     { "-Os", 2 },
		{ "-Oz", 2 }, { "-O2", 2 }, { "-O3", 3 }, { "-Ofast", 3 },
	};
	int rank = -1;

	if (strcmp(options, MODULE_OPTIONS_FRAME_POINTER) == 0)
		return 0;
	if (strcmp(options, MODULE_OPTIONS_NO_FRAME_POINTER) == 0)
		return 1;
	for (const char *at = options; *at;) {
		size_t length = strcspn(at, " ");

		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
			if (strlen(levels[i].name) != length ||
			    strncmp(levels[i].name, at, length) != 0)
				continue;
			/* Units of several levels: any of them may have been at work. */
			if (rank >= 0)
				return -1;
			rank = 2 * levels[i].rank;
		}
		at += length;
		at += strspn(at, " ");
	}
	return rank >= 0 ? rank + (strstr(options, "-flto") != NULL) : -1;
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

int module_build_frames(const struct module_build *known, const struct module_build *now)
{
	int by_symbols = sign((int)now->symbols - (int)known->symbols);
	int by_level = 0;
	int before = rank_of(known->options), after = rank_of(now->options);

	/* A level read and a level guessed are no two points of one scale. */
	if (before >= 0 && after >= 0 && is_guess(known->options) == is_guess(now->options))
		by_level = sign(before - after);
	if (by_symbols && by_level && by_symbols != by_level)
		return 0;
	return by_symbols ? by_symbols : by_level;
}
