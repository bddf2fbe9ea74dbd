/*
 * demangle_text: the growing text of a demangled name. What does not fit the limit fails, once and for all.
 */
#ifndef VMATRACE_IO_DEMANGLE_TEXT_H
#define VMATRACE_IO_DEMANGLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEMANGLE_TEXT_LIMIT = 1 << 14 };

struct demangle_text {
	char *bytes; /* NUL-terminated once anything was added; the owner frees it */
	size_t length;
	bool failed;
};

void demangle_text_add(struct demangle_text *text, const char *bytes, size_t count);
void demangle_text_add_character(struct demangle_text *text, uint32_t code_point); /* as UTF-8 */

#endif
