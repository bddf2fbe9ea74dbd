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

#include "core/escape.h"
#include "writer.h"

/* Into `text` of `bytes`, always NUL-terminated; returns text. */
char *text_bytes(char *text, size_t bytes, uint64_t count); /* "132 KiB", "1.5 GiB", "12 B" */
char *text_duration(char *text, size_t bytes,
                    uint64_t ns); /* "350 ns", "1.2 us", "3.4 ms", "1.25 s" */
char *text_prot(char *text, size_t bytes, unsigned prot); /* "rw-" */

/* The escaping of core/escape.h straight to a stream. */
void print_escaped(FILE *out, const char *name);
/* A word that a shell takes as it is; others are printed in single quotes, near enough to be read. */
bool text_shell_plain(const char *word);
/* Behind the last slash, if anything is. */
const char *text_base_name(const char *path);
/* In double quotes; what would end or fake them is escaped too, as in C. */
void writer_quoted(struct writer *out, const char *name);

/* "ENOMEM" of an errno; "E123" for one without a name (then in `spare`, of 16 bytes). */
const char *errno_name(int error, char *spare);

#endif
