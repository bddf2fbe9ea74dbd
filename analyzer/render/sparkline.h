/*
 * sparkline: a row of small bars, the lowest value an empty-looking one, the highest a full one.
 */
#ifndef VMATRACE_RENDER_SPARKLINE_H
#define VMATRACE_RENDER_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* True if the locale of the environment writes UTF-8. */
bool text_is_utf8(void);

/* utf8: block characters, else ASCII ones. */
void sparkline(FILE *out, const uint64_t *values, size_t count, bool utf8);

#endif
