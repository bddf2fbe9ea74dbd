/*
 * sparkline: see the header.
 */
#include "sparkline.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

bool text_is_utf8(void)
{
	/* Asked of a locale object: setlocale() would change the whole process. */
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

void sparkline(FILE *out, const uint64_t *values, size_t count, bool utf8)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	const uint64_t steps = sizeof(blocks) / sizeof(blocks[0]);
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < count; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t step = 0;

		if (high > low)
			step = (uint64_t)((double)(values[i] - low) / (double)(high - low) *
			                          (double)(steps - 1) +
			                  0.5);
		fputs((utf8 ? blocks : letters)[step < steps ? step : steps - 1], out);
	}
}
