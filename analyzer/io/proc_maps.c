/*
 * proc_maps.c: a reader of the lines of /proc/PID/maps that trusts nothing: the text may come from a trace.
 */
#include "proc_maps.h"

#include <stdlib.h>
#include <string.h>

/* What is left of one line. */
struct cursor {
	const char *at;
	const char *end;
};

/* Of letters that are digits, 1 more than that; a long list has tens of megabytes of them. */
static const uint8_t digits[UINT8_MAX + 1] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* A number of at least one digit that fits in 64 bits. */
static inline __attribute__((always_inline)) bool take_digits(struct cursor *line, unsigned base,
                                                              uint64_t *number)
{
	const char *first = line->at;
	const char *at = first;
	uint64_t value = 0;

	for (; at < line->end; at++) {
		unsigned digit = digits[(uint8_t)*at] - 1u;

		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	line->at = at;
	*number = value;
	return at > first;
}

static bool take_letter(struct cursor *line, char letter)
{
	if (line->at >= line->end || *line->at != letter)
		return false;
	line->at++;
	return true;
}

/* "rwxp": each of the first three its letter or '-'; the fourth 's' or 'p'. */
static bool take_permissions(struct cursor *line, struct vma_row *row)
{
	static const char letters[3] = { 'r', 'w', 'x' };

	row->prot = 0;
	for (unsigned bit = 0; bit < 3; bit++) {
		if (take_letter(line, letters[bit]))
			row->prot = (uint8_t)(row->prot | 1u << bit);
		else if (!take_letter(line, '-'))
			return false;
	}
	row->shared = take_letter(line, 's');
	return row->shared || take_letter(line, 'p');
}

/* Everything but the name; the cursor is left at the name or at the line's end. */
static bool take_row(struct cursor *line, struct vma_row *row)
{
	uint64_t major, minor;

	if (!take_digits(line, 16, &row->start) || !take_letter(line, '-') ||
	    !take_digits(line, 16, &row->end) || !take_letter(line, ' ') ||
	    !take_permissions(line, row) || !take_letter(line, ' ') ||
	    !take_digits(line, 16, &row->offset) || !take_letter(line, ' ') ||
	    !take_digits(line, 16, &major) || !take_letter(line, ':') ||
	    !take_digits(line, 16, &minor) || !take_letter(line, ' ') ||
	    !take_digits(line, 10, &row->inode))
		return false;
	if (row->start >= row->end || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	row->dev_major = (uint32_t)major;
	row->dev_minor = (uint32_t)minor;
	if (line->at < line->end && *line->at != ' ')
		return false;
	while (line->at < line->end && *line->at == ' ')
		line->at++;
	return true;
}

static size_t count_lines(const char *text, size_t bytes)
{
	const char *end = text + bytes;
	size_t lines = 1;

	for (const char *at = text; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		lines++;
	return lines;
}

/*
 * Lines that are no rows leave room over, which a trace full of them would make many times its size. The
 * names stay where they are: rows point to them.
 */
static void give_back(struct proc_maps *maps, size_t lines)
{
	struct vma_row *fewer;

	if (maps->count == 0) {
		free(maps->rows);
		free(maps->names);
		maps->rows = NULL;
		maps->names = NULL;
		return;
	}
	fewer = maps->count < lines ? reallocarray(maps->rows, maps->count, sizeof(*fewer)) : NULL;
	if (fewer)
		maps->rows = fewer;
}

bool proc_maps_parse(struct proc_maps *maps, const char *text, size_t bytes)
{
	const char *end = text + bytes;
	size_t lines = count_lines(text, bytes);
	char *name;

	memset(maps, 0, sizeof(*maps));
	maps->rows = calloc(lines, sizeof(*maps->rows));
	/* A name is shorter than its line, so its NUL always finds room. */
	maps->names = malloc(bytes + lines);
	if (!maps->rows || !maps->names) {
		proc_maps_release(maps);
		return false;
	}
	name = maps->names;
	for (const char *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct cursor line = { text, newline ? newline : end };
		struct vma_row *row = &maps->rows[maps->count];
		size_t length;

		next = newline ? newline + 1 : end;
		if (!take_row(&line, row)) {
			maps->bad_lines++;
			continue;
		}
		length = (size_t)(line.end - line.at);
		memcpy(name, line.at, length);
		name[length] = '\0';
		row->name = name;
		name += length + 1;
		maps->count++;
	}
	give_back(maps, lines);
	return true;
}

void proc_maps_release(struct proc_maps *maps)
{
	free(maps->rows);
	free(maps->names);
	memset(maps, 0, sizeof(*maps));
}
