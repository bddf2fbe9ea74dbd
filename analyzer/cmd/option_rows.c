/*
 * option_rows.c: the rows that commands share, the setters that rows use, and the filters they fill.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "core/call_table.h"
#include "core/event.h"
#include "core/kinds.h"
#include "io/symbols.h"
#include "options.h"

bool take_flag(void *field, const char *value)
{
	(void)value;
	*(bool *)field = true;
	return true;
}

bool take_text(void *field, const char *value)
{
	*(const char **)field = value;
	return true;
}

/* Decimal or 0x hexadecimal, nothing but digits. *end: what stands behind them. */
static bool read_number(const char *text, uint64_t *number, const char **end)
{
	unsigned base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	const char *at = base == 16 ? text + 2 : text;
	const char *first = at;

	for (*number = 0; *at; at++) {
		unsigned digit;

		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if (base == 16 && (*at | 0x20) >= 'a' && (*at | 0x20) <= 'f')
			digit = (unsigned)((*at | 0x20) - 'a') + 10;
		else
			break;
		if (*number > (UINT64_MAX - digit) / base)
			return false;
		*number = *number * base + digit;
	}
	*end = at;
	return at > first;
}

bool take_number(void *field, const char *value)
{
	struct option_number *number = field;
	const char *end;

	number->given = true;
	return read_number(value, &number->value, &end) && *end == '\0';
}

bool take_bytes(void *field, const char *value)
{
	static const char units[] = "KMGT";
	struct option_number *number = field;
	const char *end;
	const char *unit;
	unsigned shift;

	number->given = true;
	if (!read_number(value, &number->value, &end))
		return false;
	if (*end == '\0')
		return true;
	unit = strchr(units, *end & ~0x20);
	if (!unit || (end[1] && strcasecmp(end + 1, "iB") != 0 && strcasecmp(end + 1, "B") != 0))
		return false;
	shift = 10 * (unsigned)(unit - units + 1);
	if (number->value > UINT64_MAX >> shift)
		return false;
	number->value <<= shift;
	return true;
}

bool take_when(void *field, const char *value)
{
	return when_parse(field, value);
}

bool take_texts(void *field, const char *value)
{
	struct option_texts *texts = field;

	for (;;) {
		size_t length = strcspn(value, ",");

		if (length == 0 || texts->count == OPTION_LIST_LIMIT)
			return false;
		texts->item[texts->count] = value;
		texts->length[texts->count++] = length;
		if (value[length] == '\0')
			return true;
		value += length + 1;
	}
}

bool take_numbers(void *field, const char *value)
{
	struct option_numbers *numbers = field;

	for (;;) {
		const char *end;

		if (numbers->count == OPTION_LIST_LIMIT ||
		    !read_number(value, &numbers->item[numbers->count], &end))
			return false;
		numbers->count++;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
		value = end + 1;
	}
}

static bool equals(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && memcmp(name, text, length) == 0;
}

/* mmap64 is printed as mmap, so it may be asked for as either. */
static bool known_call(const char *name, size_t length)
{
	char copy[32];
	uint16_t call;

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, name, length);
	copy[length] = '\0';
	return call_find(copy, &call);
}

bool take_calls(void *field, const char *value)
{
	struct option_texts *texts = field;

	if (!take_texts(field, value))
		return false;
	for (size_t i = 0; i < texts->count; i++) {
		if (texts->length[i] == 6 && memcmp(texts->item[i], "mmap64", 6) == 0)
			texts->length[i] = 4;
		if (!known_call(texts->item[i], texts->length[i]))
			return false;
	}
	return true;
}

bool take_kinds(void *field, const char *value)
{
	struct option_texts *texts = field;

	if (!take_texts(field, value))
		return false;
	for (size_t i = 0; i < texts->count; i++) {
		unsigned kind = 0;

		while (kind < KIND_COUNT && !equals(vma_kind_name((enum vma_kind)kind),
		                                    texts->item[i], texts->length[i]))
			kind++;
		if (kind == KIND_COUNT)
			return false;
	}
	return true;
}

char *kind_names(char *text, size_t bytes)
{
	size_t length = (size_t)snprintf(text, bytes, "one or more of");

	for (unsigned kind = 0; kind < KIND_COUNT && length < bytes; kind++)
		length += (size_t)snprintf(text + length, bytes - length, "%s %s", kind ? "," : "",
		                           vma_kind_name((enum vma_kind)kind));
	return text;
}

/* The place of value in a list of words that NULL ends; -1 if it is not there. */
static int place_in(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0)
			return i;
	}
	return -1;
}

bool take_format(void *field, const char *value)
{
	static const char *const words[] = { "text", "json", "jsonl", NULL };
	int place = place_in(words, value);

	if (place >= 0)
		*(enum output_format *)field = (enum output_format)place;
	return place >= 0;
}

bool take_color(void *field, const char *value)
{
	static const char *const words[] = { "auto", "always", "never", NULL };
	int place = place_in(words, value);

	if (place >= 0)
		*(enum color_mode *)field = (enum color_mode)place;
	return place >= 0;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool take_folder(void *field, const char *value)
{
	*(const char **)field = value;
	return is_folder(value);
}

bool take_debug_dir(void *field, const char *value)
{
	struct symbol_sources *sources = field;

	if (sources->debug_dir_count == SYMBOL_DEBUG_DIR_LIMIT)
		return false;
	sources->debug_dirs[sources->debug_dir_count++] = value;
	return is_folder(value);
}

bool take_debuginfod(void *field, const char *value)
{
	const char *servers = getenv("DEBUGINFOD_URLS");

	(void)value;
	*(bool *)field = true;
	if (!servers || !*servers)
		complain(STATUS_FINE, "--debuginfod: DEBUGINFOD_URLS names no server");
	return true;
}

#define COMMON(field) offsetof(struct common_options, field)

const struct option_row common_rows[] = {
	{ "format", 0, OPTION_FORMAT, "text|json|jsonl", "how to print (text)", take_format,
	  COMMON(format) },
	{ "pid", 0, OPTION_PID, "PID", "only this process of a folder", take_number, COMMON(pid) },
	{ "sysroot", 0, OPTION_SYMBOLS, "DIR",
	  "the traced program's files, and their debug files, are below DIR", take_folder,
	  COMMON(symbols.sysroot) },
	{ "debug-dir", 0, OPTION_SYMBOLS, "DIR",
	  "look for debug files in DIR first, as below /usr/lib/debug; may repeat", take_debug_dir,
	  COMMON(symbols) },
	{ "debuginfod", 0, OPTION_SYMBOLS, NULL,
	  "fetch debug files from the servers of DEBUGINFOD_URLS", take_debuginfod,
	  COMMON(symbols.debuginfod) },
	{ "no-cache", 0, OPTION_SYMBOLS, NULL, "neither use nor keep the symbols of earlier runs",
	  take_flag, COMMON(symbols.no_cache) },
	{ "color", 0, 0, "auto|always|never", "colour text (auto: on a terminal)", take_color,
	  COMMON(color) },
	{ "quiet", 'q', 0, NULL, "no remarks on stderr but errors", take_flag, COMMON(quiet) },
	{ 0 },
};

#define FILTER(field) offsetof(struct filter, field)

const struct option_row filter_rows[] = {
	{ "call", 0, FILTER_CALL, "CALL", "only these calls, as mmap,munmap", take_calls,
	  FILTER(calls) },
	{ "tid", 0, FILTER_TID, "TID", "only these threads", take_numbers, FILTER(tids) },
	{ "kind", 0, FILTER_KIND, "KIND", "only VMAs of these kinds, as heap,thread-stack",
	  take_kinds, FILTER(kinds) },
	{ "module", 0, FILTER_MODULE, "GLOB",
	  "only calls with a frame in a module of this path or base name", take_texts,
	  FILTER(modules) },
	{ "from", 0, FILTER_FROM_TO, "WHEN", "only what is later than WHEN", take_when,
	  FILTER(from) },
	{ "to", 0, FILTER_FROM_TO, "WHEN", "nothing later than WHEN", take_when, FILTER(to) },
	{ "failed", 0, FILTER_FAILED, NULL, "only calls that failed", take_flag, FILTER(failed) },
	{ "limit", 'n', FILTER_LIMIT, "N", "print at most N (0: all)", take_number, FILTER(limit) },
	{ "internal", 0, FILTER_INTERNAL, NULL, "show the recorder's own calls too", take_flag,
	  FILTER(internal) },
	{ 0 },
};

static bool listed(const struct option_texts *texts, const char *name)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (equals(name, texts->item[i], texts->length[i]))
			return true;
	}
	return false;
}

static bool listed_number(const struct option_numbers *numbers, uint64_t number)
{
	for (size_t i = 0; i < numbers->count; i++) {
		if (numbers->item[i] == number)
			return true;
	}
	return false;
}

bool filter_takes_event(const struct filter *filter, const struct event *event)
{
	if (filter->calls.count && !listed(&filter->calls, call_name(event->call)))
		return false;
	if (filter->tids.count && !listed_number(&filter->tids, event->tid))
		return false;
	return !filter->failed || event->failed;
}

bool filter_takes_kind(const struct filter *filter, const char *kind)
{
	return filter->kinds.count == 0 || listed(&filter->kinds, kind);
}

static bool matches(const struct option_texts *globs, const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < globs->count; i++) {
		char *glob = strndup(globs->item[i], globs->length[i]);
		bool match = glob && (fnmatch(glob, path, 0) == 0 ||
		                      (slash && fnmatch(glob, slash + 1, 0) == 0));

		free(glob);
		if (match)
			return true;
	}
	return false;
}

bool filter_takes_stack(const struct filter *filter, struct symbols *symbols,
                        const struct event *event)
{
	const struct frame *frames;
	size_t count;

	if (filter->modules.count == 0)
		return true;
	count = symbols_frames(symbols, event, &frames);
	for (size_t i = 0; i < count; i++) {
		if (frames[i].module && matches(&filter->modules, frames[i].module))
			return true;
	}
	return false;
}
