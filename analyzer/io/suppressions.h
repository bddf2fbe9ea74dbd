/*
 * suppressions: what somebody has decided to live with, in the format of LeakSanitizer's files:
 *
 *     # caches of the font library
 *     leak:libfontconfig.so
 *     leak:^init_cache$
 *
 * A pattern is looked for inside the function, the module and the source file of each frame; "*" stands for
 * any text, "^" at its beginning and "$" at its end hold it to those of the name.
 *
 * Owner: the caller of _read. Fails: NULL, with *error saying what and where.
 */
#ifndef VMATRACE_IO_SUPPRESSIONS_H
#define VMATRACE_IO_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suppression {
	char *pattern; /* as it is written */
	char *glob;    /* the same for fnmatch() */
	unsigned line;
	uint64_t used; /* the caller's */
};

struct suppressions {
	struct suppression *items;
	size_t count;
};

struct suppressions_error {
	int error;     /* errno: the file cannot be read; 0: see line */
	unsigned line; /* that does not read "leak:PATTERN" */
};

struct suppressions *suppressions_read(const char *path, struct suppressions_error *error);
void suppressions_free(struct suppressions *suppressions);

/* The pattern for fnmatch(); the caller frees it. NULL when out of memory. */
char *suppression_glob(const char *pattern);
/* True if the pattern is somewhere in text. text may be NULL. */
bool suppression_matches(const struct suppression *suppression, const char *text);

#endif
