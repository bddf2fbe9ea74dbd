/*
 * baseline_file.c: see the header.
 */
#include "baseline_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/escape.h"
#include "core/quantity.h"

#define HEAD "# vmatrace baseline 1"
#define MODULE "# module "
#define SYMBOLS "symbols="
#define OPTIONS "options="

enum { BASELINE_FILE_LIMIT = 64 * 1024 * 1024 };

static bool wrong(char *error, const char *path, size_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool wrong(char *error, const char *path, size_t line, const char *format, ...)
{
	int used = snprintf(error, POLICY_ERROR_BYTES, "%s:%zu: ", path, line);
	va_list arguments;

	if (used < 0 || used >= POLICY_ERROR_BYTES)
		used = 0;
	va_start(arguments, format);
	vsnprintf(error + used, POLICY_ERROR_BYTES - (size_t)used, format, arguments);
	va_end(arguments);
	return false;
}

/* The next field of the line, NULL: there is none. */
static char *next_field(char **at)
{
	char *field = *at;
	char *tab = field ? strchr(field, '\t') : NULL;

	if (tab)
		*tab++ = '\0';
	*at = tab;
	return field;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool read_id(const char *text, uint64_t *id)
{
	*id = 0;
	if (!text || strlen(text) != SITE_ID_DIGITS ||
	    strspn(text, "0123456789abcdef") != SITE_ID_DIGITS)
		return false;
	for (; *text; text++)
		*id = *id << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return true;
}

static bool read_number(const char *text, const char *name, uint64_t *number)
{
	size_t length = strlen(name);

	return text && strncmp(text, name, length) == 0 && text[length] == '=' &&
	       quantity_count(text + length + 1, number);
}

static bool read_site(struct baseline *baseline, char *line, const char *path, size_t number,
                      char *error)
{
	uint64_t id;
	bool fresh;
	struct baseline_site *site;
	const char *call;

	if (!read_id(next_field(&line), &id))
		return wrong(error, path, number,
		             "no call site, expected its id of %d hexadecimal digits and a tab",
		             SITE_ID_DIGITS);
	site = site_list_at(&baseline->known, id, &fresh);
	if (!site)
		return wrong(error, path, number, "out of memory");
	if (!fresh)
		return wrong(error, path, number,
		             "this call site stands there already, expected "
		             "each id once");
	call = next_field(&line);
	site->call = strdup(call ? call : "");
	if (!site->call)
		return wrong(error, path, number, "out of memory");
	if (!call || !*call || !read_number(next_field(&line), "places", &site->places) ||
	    !read_number(next_field(&line), "calls", &site->calls) ||
	    !read_number(next_field(&line), "bytes", &site->bytes))
		return wrong(error, path, number,
		             "bad call site, expected ID, CALL, places=N, "
		             "calls=N, bytes=N and frames, a tab between them");
	for (const char *frame; (frame = next_field(&line));) {
		if (site->chain_count == SITE_ID_FRAMES)
			return wrong(error, path, number, "too many frames, expected at most %d",
			             SITE_ID_FRAMES);
		site->chain[site->chain_count] = strdup(frame);
		if (!site->chain[site->chain_count++])
			return wrong(error, path, number, "out of memory");
	}
	return true;
}

/* Lines of their own among the comments: how each module was compiled. */
static bool read_module(struct baseline *baseline, char *line, const char *path, size_t number,
                        char *error)
{
	const char *name = next_field(&line), *symbols = next_field(&line),
		   *options = next_field(&line);
	struct baseline_module *module;
	unsigned kind = 0;

	while (symbols && kind < SYMBOLS_COUNT &&
	       (!has_prefix(symbols, SYMBOLS) ||
	        strcmp(symbols + strlen(SYMBOLS), module_symbols_name(kind)) != 0))
		kind++;
	if (!name || !*name || !symbols || kind == SYMBOLS_COUNT || !options ||
	    !has_prefix(options, OPTIONS) ||
	    strlen(options) - strlen(OPTIONS) >= MODULE_OPTIONS_BYTES || line)
		return wrong(error, path, number,
		             "bad module, expected NAME, symbols=none|names|lines and options=, "
		             "a tab between them");
	if (module_list_find(&baseline->known_modules, name))
		return wrong(error, path, number,
		             "this module stands there already, expected each once");
	module = module_list_at(&baseline->known_modules, name);
	if (!module)
		return wrong(error, path, number, "out of memory");
	module->build.symbols = (enum module_symbols)kind;
	strcpy(module->build.options, options + strlen(OPTIONS));
	return true;
}

static bool read_line(struct baseline *baseline, char *line, const char *path, size_t number,
                      char *error)
{
	if (has_prefix(line, MODULE))
		return read_module(baseline, line + strlen(MODULE), path, number, error);
	return !*line || *line == '#' || read_site(baseline, line, path, number, error);
}

bool baseline_read(struct baseline *baseline, const char *path, char error[POLICY_ERROR_BYTES])
{
	size_t bytes, number = 0;
	char *text = policy_load_text(path, BASELINE_FILE_LIMIT, &bytes, error);
	bool fine = text != NULL;

	if (fine && (strncmp(text, HEAD, strlen(HEAD)) != 0 || text[strlen(HEAD)] != '\n' ||
	             strlen(text) != bytes))
		fine = wrong(error, path, 1, "not a baseline, expected '%s' in the first line",
		             HEAD);
	for (char *line = text, *next; fine && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		fine = read_line(baseline, line, path, number, error);
	}
	free(text);
	baseline->has_known = fine;
	return fine;
}

static void write_modules(FILE *file, const struct module_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(file, MODULE "%s\t" SYMBOLS "%s\t" OPTIONS "%s\n", list->modules[i].name,
		        module_symbols_name(list->modules[i].build.symbols),
		        list->modules[i].build.options);
}

static void write_sites(FILE *file, const struct site_list *list)
{
	char id[SITE_ID_DIGITS + 1];

	for (size_t i = 0; i < list->count; i++) {
		const struct baseline_site *site = &list->sites[i];

		fprintf(file, "%s\t%s\tplaces=%" PRIu64 "\tcalls=%" PRIu64 "\tbytes=%" PRIu64,
		        site_id_text(id, site->id), site->call, site->places,
		        baseline_bound(site->calls), baseline_bound(site->bytes));
		for (size_t k = 0; k < site->chain_count; k++)
			fprintf(file, "\t%s", site->chain[k]);
		putc('\n', file);
	}
}

/* A file that is there keeps its permissions; a new one gets those of the umask. */
static mode_t mode_of(const char *path)
{
	struct stat status;
	mode_t mask;

	if (stat(path, &status) == 0)
		return status.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

bool baseline_write(struct baseline *baseline, const char *path, char error[POLICY_ERROR_BYTES])
{
	char *real = realpath(path, NULL); /* a link stays a link */
	const char *target = real ? real : path;
	char *name = NULL;
	FILE *file = NULL;
	int fd;

	error[0] = '\0';
	site_list_sort(&baseline->now);
	module_list_sort(&baseline->now_modules);
	if (asprintf(&name, "%s.XXXXXX", target) < 0)
		name = NULL;
	fd = name ? mkstemp(name) : -1;
	if (fd >= 0) {
		file = fdopen(fd, "w");
		if (!file)
			close(fd);
	}
	if (file) {
		bool fine;

		fprintf(file,
		        "%s\n"
		        "# The call sites of a run that was accepted; made by `vmatrace check "
		        "--write-baseline`.\n",
		        HEAD);
		write_modules(file, &baseline->now_modules);
		fputs("# id, call, places (lines) of it, calls and bytes it may make unreported, "
		      "frames innermost first\n",
		      file);
		write_sites(file, &baseline->now);
		fine = fflush(file) == 0 && !ferror(file) && fchmod(fd, mode_of(target)) == 0 &&
		       fsync(fd) == 0;
		fine = fclose(file) == 0 && fine && rename(name, target) == 0;
		if (!fine)
			snprintf(error, POLICY_ERROR_BYTES, "cannot write '%s': %s", path,
			         strerror(errno));
	} else {
		snprintf(error, POLICY_ERROR_BYTES, "cannot write '%s': %s", path, strerror(errno));
	}
	if (error[0] && fd >= 0)
		unlink(name);
	free(name);
	free(real);
	return !error[0];
}
