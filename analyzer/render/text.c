/*
 * text.c: see text.h.
 */
#include "text.h"

#include <inttypes.h>
#include <string.h>

static void put_in_stream(void *into, const char *piece, size_t bytes)
{
	fwrite(piece, 1, bytes, into);
}

void print_escaped(FILE *out, const char *name)
{
	escape_name(name, put_in_stream, out);
}

bool text_shell_plain(const char *word)
{
	return *word && !strpbrk(word, " \t\n'\"\\$`*?;&|<>(){}[]#!~");
}

const char *text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void put_in_quotes(void *into, const char *piece, size_t bytes)
{
	/* A character of the name comes alone, an escape as four bytes: its backslash stays. */
	if (bytes == 1 && (*piece == '"' || *piece == '\\'))
		writer_byte(into, '\\');
	writer_bytes(into, piece, bytes);
}

void writer_quoted(struct writer *out, const char *name)
{
	writer_byte(out, '"');
	escape_name(name, put_in_quotes, out);
	writer_byte(out, '"');
}

/* "132 KiB": what nearly all sizes of memory are, and printf takes long over. */
static void put_whole(char *text, size_t bytes, uint64_t count, const char *unit)
{
	char digits[32], *at = digits + sizeof(digits);
	size_t length = strlen(unit);

	*--at = '\0';
	at -= length;
	memcpy(at, unit, length);
	*--at = ' ';
	do
		*--at = (char)('0' + count % 10);
	while (count /= 10);
	length = (size_t)(digits + sizeof(digits) - at);
	memcpy(text, at, length < bytes ? length : bytes);
	text[bytes - 1] = '\0';
}

char *text_bytes(char *text, size_t bytes, uint64_t count)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)count;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	/* A whole number of units needs no decimal; one decimal says enough of the rest. */
	if ((count & ((1ull << 10 * unit) - 1)) == 0)
		put_whole(text, bytes, count >> 10 * unit, units[unit]);
	else if (value >= 100)
		snprintf(text, bytes, "%.0f %s", value, units[unit]);
	else
		snprintf(text, bytes, "%.1f %s", value, units[unit]);
	return text;
}

char *text_duration(char *text, size_t bytes, uint64_t ns)
{
	if (ns < 1000)
		snprintf(text, bytes, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		snprintf(text, bytes, "%.1f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, bytes, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(text, bytes, "%.2f s", (double)ns / 1e9);
	return text;
}

char *text_prot(char *text, size_t bytes, unsigned prot)
{
	const char letters[] = { prot & 1 ? 'r' : '-', prot & 2 ? 'w' : '-', prot & 4 ? 'x' : '-' };
	size_t length = bytes - 1 < sizeof(letters) ? bytes - 1 : sizeof(letters);

	memcpy(text, letters, length);
	text[length] = '\0';
	return text;
}

const char *errno_name(int error, char *spare)
{
	const char *name = error > 0 ? strerrorname_np(error) : NULL;

	if (name)
		return name;
	snprintf(spare, 16, "E%d", error);
	return spare;
}
