/*
 * text: the few things stdio would do, into a buffer with an end. A text that does not fit is cut, stays
 * NUL-terminated, and `cut` says so.
 */
#ifndef VMATRACE_PRELOAD_TEXT_H
#define VMATRACE_PRELOAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *start;
	size_t length;
	size_t limit; /* bytes at start, the NUL included */
	bool cut;
};

static inline struct text text_in(char *buffer, size_t bytes)
{
	buffer[0] = '\0';
	return (struct text) { .start = buffer, .limit = bytes };
}

static inline void text_byte(struct text *text, char byte)
{
	if (text->length + 1 >= text->limit) {
		text->cut = true;
		return;
	}
	text->start[text->length++] = byte;
	text->start[text->length] = '\0';
}

static inline void text_string(struct text *text, const char *string)
{
	while (*string)
		text_byte(text, *string++);
}

static inline void text_number(struct text *text, uint64_t number, unsigned base)
{
	char digits[64];
	size_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (count)
		text_byte(text, digits[--count]);
}

static inline size_t text_length(const char *string)
{
	size_t length = 0;

	while (string[length])
		length++;
	return length;
}

static inline bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* NULL unless `string` begins with `prefix`; else what follows it. */
static inline const char *text_after(const char *string, const char *prefix)
{
	for (; *prefix; prefix++, string++) {
		if (*string != *prefix)
			return NULL;
	}
	return string;
}

/* A number in `base` at *at, UINT64_MAX if it is larger; moves *at behind it. 0 and *at unmoved if there is none. */
static inline uint64_t text_parse(const char **at, unsigned base)
{
	uint64_t number = 0;

	for (;; (*at)++) {
		char c = **at;
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			return number;
		if (digit >= base)
			return number;
		number = number > (UINT64_MAX - digit) / base ? UINT64_MAX : number * base + digit;
	}
}

#endif
