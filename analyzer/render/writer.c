/*
 * writer.c: see writer.h.
 */
#include "writer.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

/* Shorter texts are copied: a piece costs the kernel more. */
enum { REFERRED_LEAST = 256 };

void writer_init(struct writer *writer, FILE *out)
{
	/* Not the buffer: a writer may live on a stack, and be made for a line. */
	writer->out = out;
	writer->kept = NULL;
	writer->kept_bytes = writer->kept_room = 0;
	writer->out_of_memory = false;
	writer->used = writer->referred = writer->piece_count = 0;
}

static void keep(struct writer *writer, const char *text, size_t bytes)
{
	size_t needed = writer->kept_bytes + bytes;

	if (needed > writer->kept_room) {
		char *grown = realloc(writer->kept, 2 * needed);

		if (!grown) {
			writer->out_of_memory = true;
			return;
		}
		writer->kept = grown;
		writer->kept_room = 2 * needed;
	}
	if (bytes)
		memcpy(writer->kept + writer->kept_bytes, text, bytes);
	writer->kept_bytes = needed;
}

/*
 * A stream forgets why a write failed. So the last byte of what it did not take is left in its buffer, as the end of
 * a text is that was written in small pieces: whoever flushes it at the end learns the reason.
 */
static void hand_over(FILE *out, const char *text, size_t bytes)
{
	if (bytes && fwrite(text, 1, bytes, out) < bytes)
		putc(text[bytes - 1], out);
}

/* What the kernel does not take stdio writes once more: it knows what to do about an error. */
static void write_pieces(struct writer *writer)
{
	struct iovec *piece = writer->pieces;
	struct iovec *end = piece + writer->piece_count;
	ssize_t written = fflush(writer->out) == 0 ? 0 : -1;

	while (written >= 0 && piece < end) {
		written = writev(fileno(writer->out), piece, (int)(end - piece));
		if (written < 0 && errno == EINTR)
			written = 0;
		for (size_t left = written > 0 ? (size_t)written : 0; piece < end; piece++) {
			if (left < piece->iov_len) {
				piece->iov_base = (char *)piece->iov_base + left;
				piece->iov_len -= left;
				break;
			}
			left -= piece->iov_len;
		}
	}
	for (; piece < end; piece++)
		hand_over(writer->out, piece->iov_base, piece->iov_len);
}

static void add_piece(struct writer *writer, const char *text, size_t bytes)
{
	if (bytes)
		writer->pieces[writer->piece_count++] = (struct iovec) {
			.iov_base = (void *)(uintptr_t)text,
			.iov_len = bytes,
		};
}

void writer_flush(struct writer *writer)
{
	if (!writer->out) {
		keep(writer, writer->buffer, writer->used);
	} else if (writer->piece_count) {
		add_piece(writer, writer->buffer + writer->referred,
		          writer->used - writer->referred);
		write_pieces(writer);
	} else {
		hand_over(writer->out, writer->buffer, writer->used);
	}
	writer->used = writer->referred = writer->piece_count = 0;
}

void writer_refer(struct writer *writer, const char *text, size_t bytes)
{
	if (!writer->out || bytes < REFERRED_LEAST) {
		writer_bytes(writer, text, bytes);
		return;
	}
	/* This one, what stands before it, and what a flush finds behind it. */
	if (writer->piece_count + 3 > WRITER_PIECES)
		writer_flush(writer);
	add_piece(writer, writer->buffer + writer->referred, writer->used - writer->referred);
	add_piece(writer, text, bytes);
	writer->referred = writer->used;
}

void writer_long(struct writer *writer, const char *text, size_t bytes)
{
	while (bytes) {
		size_t part = bytes < WRITER_BYTES ? bytes : WRITER_BYTES;

		memcpy(writer_room(writer, part), text, part);
		writer->used += part;
		text += part;
		bytes -= part;
	}
}

/* Into the end of `digits`, which has WRITER_NUMBER bytes; where they begin. */
static char *spell(char *digits, uint64_t number)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char *at = digits + WRITER_NUMBER;

	for (; number >= 100; number /= 100) {
		at -= 2;
		memcpy(at, pairs + number % 100 * 2, 2);
	}
	if (number >= 10) {
		at -= 2;
		memcpy(at, pairs + number * 2, 2);
	} else {
		*--at = (char)('0' + number);
	}
	return at;
}

size_t writer_decimal(struct writer *writer, uint64_t number)
{
	char digits[WRITER_NUMBER];
	char *at = spell(digits, number);
	size_t count = (size_t)(digits + WRITER_NUMBER - at);

	writer_bytes(writer, at, count);
	return count;
}

void writer_signed(struct writer *writer, int64_t number)
{
	if (number < 0)
		writer_byte(writer, '-');
	/* Negating as unsigned is right for INT64_MIN too. */
	writer_decimal(writer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* Eight digits at once: a byte for each nibble, the high one first. */
static void spell_hex(char digits[8], uint32_t number)
{
	uint64_t nibbles = number, letters;

	nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffffull;
	nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ffull;
	nibbles = (nibbles | nibbles << 4) & 0x0f0f0f0f0f0f0f0full;
	letters = (nibbles + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull;
	nibbles += 0x3030303030303030ull + letters * ('a' - '9' - 1);
	nibbles = htobe64(nibbles);
	memcpy(digits, &nibbles, sizeof(nibbles));
}

size_t writer_hex(struct writer *writer, uint64_t number)
{
	size_t count = number ? (size_t)(67 - __builtin_clzll(number)) / 4 : 1;
	char digits[16];

	spell_hex(digits, (uint32_t)(number >> 32));
	spell_hex(digits + 8, (uint32_t)number);
	writer_bytes(writer, digits + sizeof(digits) - count, count);
	return count;
}

static void fill(struct writer *writer, char with, size_t count)
{
	while (count) {
		size_t part = count < WRITER_BYTES ? count : WRITER_BYTES;

		memset(writer_room(writer, part), with, part);
		writer->used += part;
		count -= part;
	}
}

static void decimal_filled(struct writer *writer, uint64_t number, size_t width, char with)
{
	char digits[WRITER_NUMBER];
	char *at = spell(digits, number);
	size_t count = (size_t)(digits + WRITER_NUMBER - at);

	if (count < width)
		fill(writer, with, width - count);
	writer_bytes(writer, at, count);
}

void writer_decimal_right(struct writer *writer, uint64_t number, size_t width)
{
	decimal_filled(writer, number, width, ' ');
}

void writer_decimal_zeros(struct writer *writer, uint64_t number, size_t width)
{
	decimal_filled(writer, number, width, '0');
}

void writer_spaces(struct writer *writer, size_t count)
{
	fill(writer, ' ', count);
}

void writer_right(struct writer *writer, const char *text, size_t width)
{
	size_t length = strlen(text);

	if (length < width)
		writer_spaces(writer, width - length);
	writer_bytes(writer, text, length);
}

void writer_left(struct writer *writer, const char *text, size_t width)
{
	size_t length = strlen(text);

	writer_bytes(writer, text, length);
	if (length < width)
		writer_spaces(writer, width - length);
}
