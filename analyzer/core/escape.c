/*
 * escape: see the header.
 */
#include "escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t text_utf8_length(const char *text, size_t bytes)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t length;

	if (byte[0] < 0x80)
		return 1;
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
		length = 2;
	else if (byte[0] >= 0xe0 && byte[0] <= 0xef)
		length = 3;
	else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (bytes < length)
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/*
 * What a terminal might obey: C0, DEL, and the C1 controls (U+0080..U+009F, two bytes in UTF-8), besides
 * the marks that turn the direction of writing (U+202A..U+202E, U+2066..U+2069) and would hide a name.
 */
static bool is_control(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (length == 1)
		return byte[0] < 0x20 || byte[0] == 0x7f;
	if (length == 2)
		return byte[0] == 0xc2 && byte[1] < 0xa0;
	if (length == 3 && byte[0] == 0xe2)
		return (byte[1] == 0x80 && byte[2] >= 0xa8 && byte[2] <= 0xae) ||
		       (byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9);
	return false;
}

void escape_name(const char *name, void (*put)(void *into, const char *piece, size_t bytes),
                 void *into)
{
	size_t left = strlen(name);

	while (left) {
		size_t length = text_utf8_length(name, left);
		char escaped[8];

		if (length && !is_control(name, length)) {
			put(into, name, length);
		} else {
			length = 1;
			snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*name);
			put(into, escaped, 4);
		}
		name += length;
		left -= length;
	}
}

struct buffer {
	char *at;
	size_t room; /* without the NUL */
};

static void put_in_buffer(void *into, const char *piece, size_t bytes)
{
	struct buffer *buffer = into;

	/* Cut at a whole piece, and nothing behind the cut. */
	if (bytes > buffer->room) {
		buffer->room = 0;
		return;
	}
	memcpy(buffer->at, piece, bytes);
	buffer->at += bytes;
	buffer->room -= bytes;
}

char *text_escaped(char *text, size_t bytes, const char *name)
{
	struct buffer buffer = { text, bytes - 1 };

	escape_name(name, put_in_buffer, &buffer);
	*buffer.at = '\0';
	return text;
}

static void put_quotable(void *into, const char *piece, size_t bytes)
{
	/* A character of the name comes alone, an escape as four bytes: its backslash stays. */
	if (bytes == 1 && (*piece == '"' || *piece == '\\'))
		put_in_buffer(into, "\\", 1);
	put_in_buffer(into, piece, bytes);
}

char *text_quotable(char *text, size_t bytes, const char *name)
{
	struct buffer buffer = { text, bytes - 1 };

	escape_name(name, put_quotable, &buffer);
	*buffer.at = '\0';
	return text;
}
