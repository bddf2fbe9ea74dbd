/*
 * options.c: turns rows into getopt_long's tables, and into --help.
 */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "render/text.h"

enum {
	ROW_LIMIT = 64,
	/* getopt's values: letters below 256, the two that every command has, then rows by number. */
	VALUE_HELP = 256,
	VALUE_VERSION,
	VALUE_ROW,
	HELP_COLUMN = 26,
};

static _Thread_local FILE *complaints; /* of this thread; NULL: stderr */

void complain_to(FILE *stream)
{
	complaints = stream;
}

int complain(int status, const char *format, ...)
{
	FILE *out = complaints ? complaints : stderr;
	char text[2 * 4096 + 512]; /* two paths, and what is said of them */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* A name in it may be a traced program's. */
	flockfile(out); /* two threads may have something to say */
	fputs("vmatrace: ", out);
	print_escaped(out, text);
	putc('\n', out);
	funlockfile(out);
	return status;
}

/* One row that the command takes, and the struct it sets. */
struct taken {
	const struct option_row *row;
	void *into;
};

static size_t take_rows(const struct option_group *groups, struct taken *taken)
{
	size_t count = 0;

	for (; groups->rows; groups++) {
		for (const struct option_row *row = groups->rows; row->name; row++) {
			if (row->bit && !(row->bit & groups->takes))
				continue;
			if (count < ROW_LIMIT)
				taken[count++] = (struct taken) { row, groups->into };
		}
	}
	return count;
}

static void print_row(char letter, const char *name, const char *argument, const char *help)
{
	char left[64];
	int width;

	if (letter)
		width = snprintf(left, sizeof(left), "  -%c, --%s%s%s", letter, name,
		                 argument ? " " : "", argument ? argument : "");
	else
		width = snprintf(left, sizeof(left), "      --%s%s%s", name, argument ? " " : "",
		                 argument ? argument : "");
	if (width < HELP_COLUMN)
		printf("%-*s%s\n", HELP_COLUMN, left, help);
	else
		printf("%s\n%*s%s\n", left, HELP_COLUMN, "", help);
}

static int print_help(const char *name, const struct taken *taken, size_t count)
{
	const struct command *command = command_named(name);

	printf("usage: vmatrace %s [options] %s\n", name, command ? command->operands : "");
	if (command)
		printf("%s\n", command->summary);
	printf("\noptions:\n");
	for (size_t i = 0; i < count; i++)
		print_row(taken[i].row->letter, taken[i].row->name, taken[i].row->argument,
		          taken[i].row->help);
	print_row('h', "help", NULL, "show this help");
	print_row(0, "version", NULL, "show the version");
	if (command && command->details)
		printf("\n%s", command->details);
	return STATUS_FINE;
}

/* getopt_long's tables. letters begins with ':' so that a missing value is told apart. */
static void make_tables(const struct taken *taken, size_t count, struct option *longs,
                        char *letters)
{
	size_t n = 0;

	*letters++ = ':';
	*letters++ = 'h';
	for (size_t i = 0; i < count; i++) {
		const struct option_row *row = taken[i].row;

		longs[n++] = (struct option) { row->name,
			                       row->argument ? required_argument : no_argument,
			                       NULL, VALUE_ROW + (int)i };
		if (!row->letter)
			continue;
		*letters++ = row->letter;
		if (row->argument)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[n++] = (struct option) { "help", no_argument, NULL, VALUE_HELP };
	longs[n++] = (struct option) { "version", no_argument, NULL, VALUE_VERSION };
	longs[n] = (struct option) { NULL, 0, NULL, 0 };
}

static const struct taken *taken_of(const struct taken *taken, size_t count, int value)
{
	if (value >= VALUE_ROW)
		return (size_t)(value - VALUE_ROW) < count ? &taken[value - VALUE_ROW] : NULL;
	for (size_t i = 0; i < count; i++) {
		if (taken[i].row->letter == value)
			return &taken[i];
	}
	return NULL;
}

/* The word of the command line that getopt choked on: for '-x' in a cluster, its letter. */
static int bad_option(const char *command, char **argv, bool missing)
{
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *word = argv[optind - 1];

	/* optopt is a letter only if a single dash led to it; a long option has its word to itself. */
	if (optopt > 0 && optopt < VALUE_HELP && strncmp(word, "--", 2) != 0)
		word = letter;
	if (missing)
		return complain(STATUS_USAGE, "option '%s' needs a value (vmatrace %s --help)",
		                word, command);
	/* A known option at which getopt stops took a value that it does not take. */
	if (optopt >= VALUE_HELP)
		return complain(STATUS_USAGE, "option '%.*s' takes no value (vmatrace %s --help)",
		                (int)strcspn(word, "="), word, command);
	return complain(STATUS_USAGE, "unknown option '%s' (vmatrace %s --help)", word, command);
}

static int bad_value(const struct option_row *row, const char *value)
{
	char kinds[512];

	return complain(
		STATUS_USAGE, "bad value '%s' of option '--%s': expected %s", value, row->name,
		row->take == take_kinds   ? kind_names(kinds, sizeof(kinds))
		: row->take == take_calls ? "traced calls by name, as mmap,munmap"
		: row->take == take_when  ? "start, end, peak, peak-vmas, a time as 1.25s or "
					    "250ms, @SEQ, @SEQ- or mark:NAME"
					  : row->argument);
}

bool options_parse(int argc, char **argv, const struct option_group *groups,
                   struct operands *operands, int *status)
{
	struct taken taken[ROW_LIMIT];
	size_t count = take_rows(groups, taken);
	struct option longs[ROW_LIMIT + 3];
	char letters[2 * ROW_LIMIT + 3];
	int value;

	make_tables(taken, count, longs, letters);
	/* 0 resets glibc's getopt wholly: main.c has looked at the global options before. */
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct taken *found;

		if (value == '?' || value == ':') {
			*status = bad_option(argv[0], argv, value == ':');
			return false;
		}
		if (value == 'h' || value == VALUE_HELP) {
			*status = print_help(argv[0], taken, count);
			return false;
		}
		if (value == VALUE_VERSION) {
			printf("vmatrace %s\n", VMATRACE_VERSION);
			*status = STATUS_FINE;
			return false;
		}
		found = taken_of(taken, count, value);
		if (found && !found->row->take((char *)found->into + found->row->offset, optarg)) {
			*status = bad_value(found->row, optarg);
			return false;
		}
	}
	*operands = (struct operands) { argc - optind, argv + optind };
	return true;
}

bool options_colored(const struct common_options *common)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (common->color != COLOR_AUTO)
		return common->color == COLOR_ALWAYS;
	return !(no_color && *no_color) && isatty(STDOUT_FILENO) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}
