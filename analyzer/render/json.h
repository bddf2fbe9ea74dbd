/*
 * json: a streaming JSON writer. It keeps where it is (object or array, first or not), writes commas, colons
 * and escapes, and holds nothing else: a document may be of any size.
 *
 *     struct json json;
 *     json_begin(&json, stdout, JSON_ROWS);
 *     json_array(&json);                        [
 *     json_object(&json);                       {"seq":1,"call":"mmap"},
 *     json_key(&json, "seq"), json_number(&json, 1);
 *     json_member_string(&json, "call", "mmap");
 *     json_object_end(&json);
 *     json_array_end(&json);                    ]
 *     json_end(&json);
 *
 * Strings are bytes of a hostile trace: what is not UTF-8 becomes U+FFFD, control characters are escaped, so
 * the output is valid JSON whatever comes in. Numbers: 64 bits, spelled in full; addresses are hex strings.
 */
#ifndef VMATRACE_RENDER_JSON_H
#define VMATRACE_RENDER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "writer.h"

enum json_layout {
	JSON_LINE, /* all on one line: jsonl */
	JSON_ROWS, /* each element of the outermost object or array on a line of its own */
};

enum { JSON_DEPTH_LIMIT = 32 };

struct json {
	struct writer *out;
	enum json_layout layout;
	unsigned depth;
	bool after_key;
	bool some[JSON_DEPTH_LIMIT]; /* something was written at this depth */
	struct writer own;
};

/* What is written reaches `out` with json_end() at the latest. */
void json_begin(struct json *json, FILE *out, enum json_layout layout);
/* Through a writer of the caller's, which flushes it. */
void json_begin_in(struct json *json, struct writer *out, enum json_layout layout);
/* Ends the line; a value written after it is the next document. */
void json_end(struct json *json);

void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);

void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *text); /* NULL: null */
void json_string_bytes(struct json *json, const char *text, size_t bytes);
void json_number(struct json *json, uint64_t number);
void json_signed(struct json *json, int64_t number);
void json_hex(struct json *json, uint64_t number); /* "0x7f12" */
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* A value that was spelled before; it stays as it is until the writer is flushed. */
void json_spelled(struct json *json, const char *text, size_t bytes);

/* Where the caller spells members of the current object himself: at least one, and the commas between them. */
struct writer *json_members(struct json *json);

/* Key and value in one. */
void json_member_string(struct json *json, const char *key, const char *text);
void json_member_number(struct json *json, const char *key, uint64_t number);
void json_member_signed(struct json *json, const char *key, int64_t number);
void json_member_hex(struct json *json, const char *key, uint64_t number);
void json_member_bool(struct json *json, const char *key, bool value);
void json_member_null(struct json *json, const char *key);

#endif
