/*
 * json.c: see json.h. One function writes what stands before a value, one escapes a string; all else is
 * made of them.
 */
#include "json.h"

#include <string.h>

#include "text.h"

void json_begin_in(struct json *json, struct writer *out, enum json_layout layout)
{
	json->out = out;
	json->layout = layout;
	json->depth = 0;
	json->after_key = false;
	json->some[0] = false; /* those of deeper levels are set when they are opened */
}

void json_begin(struct json *json, FILE *out, enum json_layout layout)
{
	writer_init(&json->own, out);
	json_begin_in(json, &json->own, layout);
}

void json_end(struct json *json)
{
	writer_byte(json->out, '\n');
	if (json->out == &json->own)
		writer_flush(&json->own);
	/* The next value begins a document of its own: no comma belongs before it. */
	json->some[0] = false;
}

static bool on_lines_of_their_own(const struct json *json)
{
	return json->layout == JSON_ROWS && json->depth == 1;
}

/* The comma and line break that a new element of the current object or array wants. */
static void separate(struct json *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->some[json->depth])
		writer_byte(json->out, ',');
	json->some[json->depth] = true;
	if (on_lines_of_their_own(json))
		writer_byte(json->out, '\n');
}

static void open_level(struct json *json, char bracket)
{
	separate(json);
	writer_byte(json->out, bracket);
	/* Deeper than any document of ours goes; the check keeps a mistake from becoming a stray write. */
	if (json->depth + 1 < JSON_DEPTH_LIMIT)
		json->depth++;
	json->some[json->depth] = false;
}

static void close_level(struct json *json, char bracket)
{
	if (on_lines_of_their_own(json) && json->some[json->depth])
		writer_byte(json->out, '\n');
	if (json->depth)
		json->depth--;
	writer_byte(json->out, bracket);
}

void json_object(struct json *json)
{
	open_level(json, '{');
}

void json_object_end(struct json *json)
{
	close_level(json, '}');
}

void json_array(struct json *json)
{
	open_level(json, '[');
}

void json_array_end(struct json *json)
{
	close_level(json, ']');
}

static void put_escaped(struct writer *out, unsigned char byte)
{
	char escape[8];

	switch (byte) {
	case '"':
		writer_text(out, "\\\"");
		break;
	case '\\':
		writer_text(out, "\\\\");
		break;
	case '\n':
		writer_text(out, "\\n");
		break;
	case '\t':
		writer_text(out, "\\t");
		break;
	default:
		/* DEL is legal in JSON, but a terminal may act on it. */
		if (byte < 0x20 || byte == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)byte);
			writer_text(out, escape);
		} else {
			writer_byte(out, (char)byte);
		}
	}
}

/* Bytes from `text` on that stand in a JSON string as they are. */
static size_t plain_length(const char *text, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && text[length] >= 0x20 && text[length] < 0x7f &&
	       text[length] != '"' && text[length] != '\\')
		length++;
	return length;
}

static void put_quoted(struct writer *out, const char *text, size_t bytes)
{
	writer_byte(out, '"');
	while (bytes) {
		size_t plain = plain_length(text, bytes);
		size_t length;

		writer_bytes(out, text, plain);
		text += plain;
		bytes -= plain;
		if (bytes == 0)
			break;
		length = text_utf8_length(text, bytes);
		if (length == 0) {
			writer_text(out, "\\ufffd");
			length = 1;
		} else if (length == 1) {
			put_escaped(out, (unsigned char)*text);
		} else {
			writer_bytes(out, text, length);
		}
		text += length;
		bytes -= length;
	}
	writer_byte(out, '"');
}

void json_key(struct json *json, const char *key)
{
	separate(json);
	put_quoted(json->out, key, strlen(key));
	writer_byte(json->out, ':');
	json->after_key = true;
}

void json_string_bytes(struct json *json, const char *text, size_t bytes)
{
	separate(json);
	put_quoted(json->out, text, bytes);
}

void json_string(struct json *json, const char *text)
{
	if (text)
		json_string_bytes(json, text, strlen(text));
	else
		json_null(json);
}

void json_number(struct json *json, uint64_t number)
{
	separate(json);
	writer_decimal(json->out, number);
}

void json_signed(struct json *json, int64_t number)
{
	separate(json);
	writer_signed(json->out, number);
}

void json_hex(struct json *json, uint64_t number)
{
	separate(json);
	writer_text(json->out, "\"0x");
	writer_hex(json->out, number);
	writer_byte(json->out, '"');
}

void json_bool(struct json *json, bool value)
{
	separate(json);
	writer_text(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
	separate(json);
	writer_text(json->out, "null");
}

void json_spelled(struct json *json, const char *text, size_t bytes)
{
	separate(json);
	writer_refer(json->out, text, bytes);
}

struct writer *json_members(struct json *json)
{
	separate(json);
	return json->out;
}

void json_member_string(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

void json_member_number(struct json *json, const char *key, uint64_t number)
{
	json_key(json, key);
	json_number(json, number);
}

void json_member_signed(struct json *json, const char *key, int64_t number)
{
	json_key(json, key);
	json_signed(json, number);
}

void json_member_hex(struct json *json, const char *key, uint64_t number)
{
	json_key(json, key);
	json_hex(json, number);
}

void json_member_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

void json_member_null(struct json *json, const char *key)
{
	json_key(json, key);
	json_null(json);
}
