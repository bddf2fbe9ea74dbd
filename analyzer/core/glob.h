/*
 * glob: shell patterns as policies spell them: * any characters, ? one, [a-z] one of, [!a-z] none of, \x the
 * character x. A slash is a character like any other, so "lib*" matches base names and "*" matches all.
 * fnmatch(3) is not the core's to call, and does not say where a pattern is wrong.
 */
#ifndef VMATRACE_CORE_GLOB_H
#define VMATRACE_CORE_GLOB_H

#include <stdbool.h>

/* NULL: it is a pattern; else what is wrong with it. Static text. */
const char *glob_fault(const char *glob);

/* A pattern with a fault matches nothing. NULL text: only "*" matches what is not known. */
bool glob_matches(const char *glob, const char *text);

/* The whole path, or what stands behind its last slash. */
bool glob_matches_path(const char *glob, const char *path);

#endif
