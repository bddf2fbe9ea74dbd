/*
 * escape: names from outside made safe to print. A name in a trace, or in a policy, is whatever somebody liked; on a
 * terminal its control characters would be commands, so they become escapes, as do bytes that are no UTF-8.
 * Pure: what reads files words its errors with it, what prints uses it through render/text.h.
 */
#ifndef VMATRACE_CORE_ESCAPE_H
#define VMATRACE_CORE_ESCAPE_H

#include <stddef.h>

/*
 * Bytes of the UTF-8 character that `text` (of `bytes` > 0) begins with, 0 if it begins with none. Overlong
 * forms, surrogates and what lies above U+10FFFF are none (RFC 3629).
 */
size_t text_utf8_length(const char *text, size_t bytes);

/* Hands over pieces that are safe to print: one character, or an escape such as \x1b. */
void escape_name(const char *name, void (*put)(void *into, const char *piece, size_t bytes),
                 void *into);

/* Into `text` of `bytes`, always NUL-terminated; returns text. Cut at a whole piece. */
char *text_escaped(char *text, size_t bytes, const char *name);
/* The same, and what would end or fake a string in double quotes, as in C. */
char *text_quotable(char *text, size_t bytes, const char *name);

#endif
