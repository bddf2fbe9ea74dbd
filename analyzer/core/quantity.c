/*
 * quantity.c: digits, then a row of a table of units.
 */
#include "quantity.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t factor;
} units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1ull << 10 },
	{ "M", 1ull << 20 },
	{ "G", 1ull << 30 },
	{ "T", 1ull << 40 },
	{ "KiB", 1ull << 10 },
	{ "MiB", 1ull << 20 },
	{ "GiB", 1ull << 30 },
	{ "TiB", 1ull << 40 },
	{ "KB", 1000 },
	{ "MB", 1000 * 1000 },
	{ "GB", 1000ull * 1000 * 1000 },
	{ "TB", 1000ull * 1000 * 1000 * 1000 },
};

/* *end: what stands behind the digits. False: there are none, or too many. */
static bool digits(const char *text, unsigned base, uint64_t *number, const char **end)
{
	const char *at = text;

	for (*number = 0; *at >= '0' && *at < '0' + (int)base; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (*number > (UINT64_MAX - digit) / base)
			return false;
		*number = *number * base + digit;
	}
	*end = at;
	return at > text;
}

bool quantity_count(const char *text, uint64_t *number)
{
	const char *end;

	return digits(text, 10, number, &end) && !*end;
}

bool quantity_bytes(const char *text, uint64_t *number)
{
	const char *end;

	if (!digits(text, 10, number, &end))
		return false;
	end += *end == ' ';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, end) != 0)
			continue;
		if (*number > UINT64_MAX / units[i].factor)
			return false;
		*number *= units[i].factor;
		return true;
	}
	return false;
}

bool quantity_mode(const char *text, uint64_t *number)
{
	const char *end;

	text += text[0] == '0' && text[1] == 'o' ? 2 : 0;
	return digits(text, 8, number, &end) && !*end && *number <= 0777;
}

char *quantity_text(char *text, size_t bytes, uint64_t number)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (unit + 1 < sizeof(names) / sizeof(names[0]) && number >> (10 * (unit + 1)))
		unit++;
	if (number & ((1ull << (10 * unit)) - 1))
		snprintf(text, bytes, "%.1f %s", (double)number / (double)(1ull << (10 * unit)),
		         names[unit]);
	else
		snprintf(text, bytes, "%llu %s", (unsigned long long)(number >> (10 * unit)),
		         names[unit]);
	return text;
}
