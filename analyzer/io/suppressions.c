/*
 * suppressions: see the header.
 */
#include "suppressions.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define KEYWORD "leak:"

/* "^init$" -> "init", "font*.so" -> "*font*.so*": LeakSanitizer's anchors and its "*" are all there is. */
char *suppression_glob(const char *pattern)
{
	size_t length = strlen(pattern);
	bool at_start = pattern[0] == '^';
	bool at_end = length > at_start && pattern[length - 1] == '$';
	char *glob = malloc(2 * length + 3);
	char *to = glob;

	if (!glob)
		return NULL;
	if (!at_start)
		*to++ = '*';
	for (size_t i = at_start; i < length - at_end; i++) {
		if (strchr("?[\\", pattern[i]))
			*to++ = '\\';
		*to++ = pattern[i];
	}
	if (!at_end)
		*to++ = '*';
	*to = '\0';
	return glob;
}

bool suppression_matches(const struct suppression *suppression, const char *text)
{
	return text && fnmatch(suppression->glob, text, 0) == 0;
}

static bool add_line(struct suppressions *suppressions, char *text, unsigned line,
                     struct suppressions_error *error)
{
	struct suppression *items;

	text += strspn(text, " \t");
	text[strcspn(text, "\r\n")] = '\0';
	for (size_t end = strlen(text); end && strchr(" \t", text[end - 1]); end--)
		text[end - 1] = '\0';
	if (!*text || *text == '#')
		return true;
	error->line = line;
	if (strncmp(text, KEYWORD, strlen(KEYWORD)) != 0 || !text[strlen(KEYWORD)])
		return false;
	items = reallocarray(suppressions->items, suppressions->count + 1, sizeof(*items));
	if (items)
		suppressions->items = items;
	if (!items) {
		error->error = ENOMEM;
		return false;
	}
	items += suppressions->count++;
	*items = (struct suppression) {
		.pattern = strdup(text + strlen(KEYWORD)),
		.glob = suppression_glob(text + strlen(KEYWORD)),
		.line = line,
	};
	error->error = items->pattern && items->glob ? 0 : ENOMEM;
	return !error->error;
}

struct suppressions *suppressions_read(const char *path, struct suppressions_error *error)
{
	struct suppressions *suppressions = calloc(1, sizeof(*suppressions));
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	bool fine = suppressions && file;

	*error = (struct suppressions_error) { .error = fine ? 0 : errno };
	errno = 0;
	for (unsigned line = 1; fine && getline(&text, &room, file) >= 0; line++)
		fine = add_line(suppressions, text, line, error);
	if (fine && ferror(file)) {
		error->error = errno;
		fine = false;
	}
	free(text);
	if (file)
		fclose(file);
	if (fine)
		return suppressions;
	suppressions_free(suppressions);
	return NULL;
}

void suppressions_free(struct suppressions *suppressions)
{
	if (!suppressions)
		return;
	for (size_t i = 0; i < suppressions->count; i++) {
		free(suppressions->items[i].pattern);
		free(suppressions->items[i].glob);
	}
	free(suppressions->items);
	free(suppressions);
}
