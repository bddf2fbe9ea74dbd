/*
 * writer: text on its way to a stream. A dump of a trace is a hundred small pieces for each event, and most of
 * it is stacks that were spelled before; stdio would look at each piece, and copy each stack twice. So pieces
 * are gathered in a buffer here, without a call for each, and what is long and stays where it is can be
 * referred to: it goes to the kernel from there, in one writev(2) with what stands around it.
 *
 *     buffer   [ {"seq":1, ...,"stack":|,"flags":[]}\n{"seq":2, ...,"stack":|,"flags":[]}\n      )
 *     pieces     1                   2 --+            3                   4 --+
 *     spelled                  [{"pc":...}]                         [{"pc":...}]
 *
 * Owner: nothing but `kept`, see writer_init(). The stream is the caller's; what is written to it by others
 * meanwhile comes before what is not flushed yet. Fails: as stdio does, by the stream's error indicator.
 */
#ifndef VMATRACE_RENDER_WRITER_H
#define VMATRACE_RENDER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

enum {
	WRITER_BYTES = 1 << 15,
	WRITER_PIECES = 256,
	WRITER_NUMBER = 24, /* more than the digits of any number */
};

struct writer {
	FILE *out;
	/* out NULL: what was flushed, kept_bytes of it, to be freed by the caller. */
	char *kept;
	size_t kept_bytes;
	size_t kept_room;
	bool out_of_memory; /* some of it is missing */

	size_t used;     /* of buffer */
	size_t referred; /* of it, what is in pieces already */
	size_t piece_count;
	struct iovec pieces[WRITER_PIECES];
	char buffer[WRITER_BYTES];
};

/* out: NULL: the text is kept in memory. */
void writer_init(struct writer *writer, FILE *out);
/* To the stream or, if anything was referred to, to its file. */
void writer_flush(struct writer *writer);

/* The text must stay as it is until the next flush. */
void writer_refer(struct writer *writer, const char *text, size_t bytes);

/* Room for that many bytes, WRITER_BYTES at most, at buffer + used. */
static inline char *writer_room(struct writer *writer, size_t bytes)
{
	if (bytes > WRITER_BYTES - writer->used)
		writer_flush(writer);
	return writer->buffer + writer->used;
}

static inline void writer_byte(struct writer *writer, char byte)
{
	*writer_room(writer, 1) = byte;
	writer->used++;
}

void writer_long(struct writer *writer, const char *text, size_t bytes);

static inline void writer_bytes(struct writer *writer, const char *text, size_t bytes)
{
	if (bytes > WRITER_BYTES - writer->used) {
		writer_long(writer, text, bytes);
		return;
	}
	memcpy(writer->buffer + writer->used, text, bytes);
	writer->used += bytes;
}

static inline void writer_text(struct writer *writer, const char *text)
{
	writer_bytes(writer, text, strlen(text));
}

/* These return how many digits. */
size_t writer_decimal(struct writer *writer, uint64_t number);
size_t writer_hex(struct writer *writer, uint64_t number);
void writer_signed(struct writer *writer, int64_t number);

/* As printf's %*u, %0*u, %*s and %-*s do: a longer one is not cut. */
void writer_decimal_right(struct writer *writer, uint64_t number, size_t width);
void writer_decimal_zeros(struct writer *writer, uint64_t number, size_t width);
void writer_right(struct writer *writer, const char *text, size_t width);
void writer_left(struct writer *writer, const char *text, size_t width);
void writer_spaces(struct writer *writer, size_t count);

#endif
