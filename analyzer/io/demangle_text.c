/*
 * demangle_text.c: see demangle_text.h.
 */
#include "demangle_text.h"

#include <stdlib.h>
#include <string.h>

void demangle_text_add(struct demangle_text *text, const char *bytes, size_t count)
{
	/* Room for the limit at once: most names are thrown away again soon, as the demangler keeps copies. */
	if (!text->bytes)
		text->bytes = malloc(DEMANGLE_TEXT_LIMIT + 1);
	if (!text->bytes || count > DEMANGLE_TEXT_LIMIT - text->length) {
		text->failed = true;
		return;
	}
	memcpy(text->bytes + text->length, bytes, count);
	text->length += count;
	text->bytes[text->length] = '\0';
}

void demangle_text_add_character(struct demangle_text *text, uint32_t code_point)
{
	char bytes[4];
	size_t count;

	if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) {
		text->failed = true;
		return;
	}
	if (code_point < 0x80) {
		bytes[0] = (char)code_point;
		count = 1;
	} else {
		count = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
		bytes[0] = (char)(0xf00 >> count | code_point >> 6 * (count - 1));
		for (size_t i = 1; i < count; i++)
			bytes[i] = (char)(0x80 | (code_point >> 6 * (count - 1 - i) & 0x3f));
	}
	demangle_text_add(text, bytes, count);
}
