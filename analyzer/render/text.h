/*
 * text: small spellings that all text output shares: bytes, durations, protections, names from a trace.
 * A name in a trace is whatever the traced program liked; on a terminal its control characters would be
 * commands, so they are printed as escapes.
 */
#ifndef VMATRACE_RENDER_TEXT_H
#define VMATRACE_RENDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Bytes of the UTF-8 character that `text` (of `bytes` > 0) begins with, 0 if it begins with none. Overlong
 * forms, surrogates and what lies above U+10FFFF are none (RFC 3629).
 */
size_t text_utf8_length(const char *text, size_t bytes);

/* Into `text` of `bytes`, always NUL-terminated; returns text. */
char *text_bytes(char *text, size_t bytes, uint64_t count); /* "132 KiB", "1.5 GiB", "12 B" */
char *text_duration(char *text, size_t bytes,
                    uint64_t ns); /* "350 ns", "1.2 us", "3.4 ms", "1.25 s" */
char *text_prot(char *text, size_t bytes, unsigned prot); /* "rw-" */
char *text_escaped(char *text, size_t bytes,
                   const char *name); /* control bytes and invalid UTF-8 as \xNN */

/* The same, and what would end or fake a string in double quotes, as in C. */
char *text_quotable(char *text, size_t bytes, const char *name);

/* The same escaping straight to a stream. */
void print_escaped(FILE *out, const char *name);
/* In double quotes; what would end or fake them is escaped too, as in C. */
void print_quoted(FILE *out, const char *name);

/* "ENOMEM" of an errno; "E123" for one without a name (then in `spare`, of 16 bytes). */
const char *errno_name(int error, char *spare);

#endif
