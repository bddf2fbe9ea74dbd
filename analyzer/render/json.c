/*
 * json.c: see json.h. One function writes what stands before a value, one escapes a string; all else is
 * made of them.
 */
#include "json.h"

#include <string.h>

#include "text.h"

void json_begin(struct json *json, FILE *out, enum json_layout layout)
{
	*json = (struct json) { .out = out, .layout = layout };
}

void json_end(struct json *json)
{
	putc('\n', json->out);
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
		putc(',', json->out);
	json->some[json->depth] = true;
	if (on_lines_of_their_own(json))
		putc('\n', json->out);
}

static void open_level(struct json *json, char bracket)
{
	separate(json);
	putc(bracket, json->out);
	/* Deeper than any document of ours goes; the check keeps a mistake from becoming a stray write. */
	if (json->depth + 1 < JSON_DEPTH_LIMIT)
		json->depth++;
	json->some[json->depth] = false;
}

static void close_level(struct json *json, char bracket)
{
	if (on_lines_of_their_own(json) && json->some[json->depth])
		putc('\n', json->out);
	if (json->depth)
		json->depth--;
	putc(bracket, json->out);
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

static void put_escaped(FILE *out, unsigned char byte)
{
	switch (byte) {
	case '"':
		fputs("\\\"", out);
		break;
	case '\\':
		fputs("\\\\", out);
		break;
	case '\n':
		fputs("\\n", out);
		break;
	case '\t':
		fputs("\\t", out);
		break;
	default:
		/* DEL is legal in JSON, but a terminal may act on it. */
		if (byte < 0x20 || byte == 0x7f)
			fprintf(out, "\\u%04x", (unsigned)byte);
		else
			putc(byte, out);
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

static void put_quoted(FILE *out, const char *text, size_t bytes)
{
	putc('"', out);
	while (bytes) {
		size_t plain = plain_length(text, bytes);
		size_t length;

		fwrite(text, 1, plain, out);
		text += plain;
		bytes -= plain;
		if (bytes == 0)
			break;
		length = text_utf8_length(text, bytes);
		if (length == 0) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (length == 1) {
			put_escaped(out, (unsigned char)*text);
		} else {
			fwrite(text, 1, length, out);
		}
		text += length;
		bytes -= length;
	}
	putc('"', out);
}

/* A trace of half a million events has ten numbers in each: fprintf would be most of the time. */
static void put_digits(FILE *out, uint64_t number, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	fwrite(digits + at, 1, sizeof(digits) - at, out);
}

void json_key(struct json *json, const char *key)
{
	separate(json);
	put_quoted(json->out, key, strlen(key));
	putc(':', json->out);
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
	put_digits(json->out, number, 10);
}

void json_signed(struct json *json, int64_t number)
{
	separate(json);
	if (number < 0)
		putc('-', json->out);
	/* Negating as unsigned is right for INT64_MIN too. */
	put_digits(json->out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

void json_hex(struct json *json, uint64_t number)
{
	separate(json);
	fputs("\"0x", json->out);
	put_digits(json->out, number, 16);
	putc('"', json->out);
}

void json_bool(struct json *json, bool value)
{
	separate(json);
	fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json)
{
	separate(json);
	fputs("null", json->out);
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
