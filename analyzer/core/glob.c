/*
 * glob.c: one pass with one point to go back to: only the last star can have taken too little, so the time is
 * pattern times text at worst, whatever the pattern.
 */
#include "glob.h"

#include <stddef.h>
#include <string.h>

/* Just behind the set that begins at '[', or NULL: it has no end. */
static const char *set_end(const char *set)
{
	const char *at = set + 1;

	at += *at == '!' || *at == '^';
	at += *at == ']'; /* as the first of a set it is one of its characters */
	while (*at && *at != ']') {
		if (*at == '\\' && at[1])
			at++;
		at++;
	}
	return *at ? at + 1 : NULL;
}

/* [z-a]: nothing lies between. As set_has() reads it. */
static bool runs_backwards(const char *set, const char *end)
{
	const char *at = set + 1;

	for (at += *at == '!' || *at == '^'; at < end - 1; at++) {
		unsigned char low = (unsigned char)*at;

		if (low == '\\' && at + 1 < end - 1)
			low = (unsigned char)*++at;
		if (at[1] != '-' || at + 2 >= end - 1)
			continue;
		at += 2;
		if (low > (unsigned char)*at)
			return true;
	}
	return false;
}

const char *glob_fault(const char *glob)
{
	if (!*glob)
		return "empty";
	for (const char *at = glob; *at; at++) {
		if (*at == '\\' && !*++at)
			return "a backslash with nothing behind it";
		if (*at == '[') {
			const char *end = set_end(at);

			if (!end)
				return "a '[' without its ']'";
			if (runs_backwards(at, end))
				return "a range that runs backwards";
			at = end - 1;
		}
	}
	return NULL;
}

static bool set_has(const char *set, const char *end, unsigned char c)
{
	const char *at = set + 1;
	bool inverted = *at == '!' || *at == '^';
	bool found = false;

	for (at += inverted; at < end - 1; at++) {
		unsigned char low = (unsigned char)*at;

		if (low == '\\' && at + 1 < end - 1)
			low = (unsigned char)*++at;
		if (at[1] == '-' && at + 2 < end - 1) {
			at += 2;
			found = found || (low <= c && c <= (unsigned char)*at);
		} else {
			found = found || low == c;
		}
	}
	return found != inverted;
}

/* One character of the pattern against one of the text; *next: behind it in the pattern. */
static bool one_matches(const char *glob, char c, const char **next)
{
	if (*glob == '[') {
		*next = set_end(glob);
		return *next && set_has(glob, *next, (unsigned char)c);
	}
	if (*glob == '\\' && glob[1])
		glob++;
	else if (*glob == '?')
		return *next = glob + 1, true;
	*next = glob + 1;
	return *glob == c;
}

bool glob_matches(const char *glob, const char *text)
{
	const char *star = NULL;
	const char *star_text = NULL;

	if (!text)
		return strcmp(glob, "*") == 0;
	while (*text) {
		const char *next;

		if (*glob == '*') {
			star = ++glob;
			star_text = text;
		} else if (*glob && one_matches(glob, *text, &next)) {
			glob = next;
			text++;
		} else if (star) {
			glob = star;
			text = ++star_text;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

bool glob_matches_path(const char *glob, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return glob_matches(glob, path) || (slash && glob_matches(glob, slash + 1));
}
