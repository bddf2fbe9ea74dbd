/*
 * source_paths.c: see the header. A name is spelled once: thousands of addresses share a few files.
 */
#include "source_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "/a/./b/../c" -> "/a/c", in place. What goes up from where a relative path begins stays. */
static void tidy(char *path)
{
	bool absolute = path[0] == '/', last = false;
	char *from = path + absolute;
	char *begin = from; /* not behind this */
	char *to = from;

	while (!last) {
		size_t length = strcspn(from, "/");
		bool up = length == 2 && from[0] == '.' && from[1] == '.';

		last = !from[length];
		if (up && to > begin) {
			do
				to--;
			while (to > begin && to[-1] != '/');
		} else if (length && !(length == 1 && from[0] == '.') && !(up && absolute)) {
			memmove(to, from, length);
			to += length;
			*to++ = '/';
			begin = up ? to : begin;
		}
		from += length + 1;
	}
	if (to > path + absolute)
		to--;
	*to = '\0';
}

/* libdw puts the folder before some names itself; where that is relative, they look as if it had not. */
static bool is_joined(const char *folder, const char *name)
{
	size_t length = folder ? strlen(folder) : 0;

	return !length || name[0] == '/' ||
	       (strncmp(name, folder, length) == 0 && name[length] == '/');
}

static char *spell(const char *folder, const char *name)
{
	char *whole;

	if (is_joined(folder, name))
		whole = strdup(name);
	else if (asprintf(&whole, "%s/%s", folder, name) < 0)
		whole = NULL;
	if (whole)
		tidy(whole);
	return whole;
}

const char *source_paths_whole(struct source_paths *paths, const char *folder, const char *name)
{
	uint64_t key = (uint64_t)(uintptr_t)name * 31 + (uintptr_t)folder;
	uint64_t *number = number_table_at(&paths->by_name, key);
	struct source_path *item;

	if (!number)
		return name;
	item = *number ? &paths->items[*number - 1] : NULL;
	if (item && item->folder == folder && item->name == name)
		return item->whole;
	if ((paths->count & (paths->count - 1)) == 0) {
		struct source_path *grown = reallocarray(
			paths->items, paths->count ? 2 * paths->count : 1, sizeof(*grown));

		if (!grown)
			return name;
		paths->items = grown;
	}
	item = &paths->items[paths->count];
	*item = (struct source_path) { folder, name, spell(folder, name) };
	if (!item->whole)
		return name;
	*number = ++paths->count;
	return item->whole;
}

void source_paths_release(struct source_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i].whole);
	free(paths->items);
	number_table_release(&paths->by_name);
	*paths = (struct source_paths) { 0 };
}
