/*
 * options: the command line of one command, read by tables. A command states groups of rows; each row says
 * an option's name, what it takes, what --help prints, and which field of the group's struct it sets.
 *
 *     struct common_options common = COMMON_OPTIONS;
 *     struct filter filter = { 0 };
 *     const struct option_group groups[] = {
 *             { common_rows, &common, OPTION_FORMAT },
 *             { filter_rows, &filter, FILTER_ALL },
 *             { my_rows, &mine, 0 },              (rows whose bit is 0 are always taken)
 *             { NULL, NULL, 0 },
 *     };
 *     if (!options_parse(argc, argv, groups, &operands, &status))
 *             return status;
 *
 * Options stand before or after operands; "--" ends them. An unknown option, a missing or bad value is one
 * line on stderr and STATUS_USAGE. --help is printed from the same rows.
 */
#ifndef VMATRACE_CMD_OPTIONS_H
#define VMATRACE_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "io/symbol_sources.h"
#include "when.h"

/* Sets *field from value (NULL if the option takes none). False: value is bad. */
typedef bool option_take(void *field, const char *value);

struct option_row {
	const char *name;     /* long name without "--"; NULL ends the rows */
	char letter;          /* 0: none */
	unsigned bit;         /* of option_group.takes; 0: always taken */
	const char *argument; /* as --help prints it, "N"; NULL: takes no argument */
	const char *help;
	option_take *take;
	size_t offset; /* of the field in the group's struct */
};

struct option_group {
	const struct option_row *rows;
	void *into;
	unsigned takes;
};

/* Ready setters for rows. */
option_take take_flag;       /* bool = true */
option_take take_text;       /* const char * */
option_take take_number;     /* struct option_number */
option_take take_bytes;      /* struct option_number; K, M, G, KiB, MiB, GiB */
option_take take_when;       /* struct when */
option_take take_texts;      /* struct option_texts; may repeat, commas separate */
option_take take_numbers;    /* struct option_numbers; may repeat, commas separate */
option_take take_format;     /* enum output_format */
option_take take_color;      /* enum color_mode */
option_take take_calls;      /* struct option_texts of call names, each must be known */
option_take take_kinds;      /* the same of kinds of VMA */
option_take take_folder;     /* const char *, a folder that is there */
option_take take_debug_dir;  /* adds to those of struct symbol_sources */
option_take take_debuginfod; /* bool; says so if there is no server to ask */

/* What take_kinds takes: "one or more of text, rodata, ..."; returns text. */
char *kind_names(char *text, size_t bytes);

struct option_number {
	bool given;
	uint64_t value;
};
enum { OPTION_LIST_LIMIT = 64 };
struct option_texts {
	size_t count;
	const char *item[OPTION_LIST_LIMIT]; /* not NUL-terminated: see length */
	size_t length[OPTION_LIST_LIMIT];
};
struct option_numbers {
	size_t count;
	uint64_t item[OPTION_LIST_LIMIT];
};

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JSONL };
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What every command takes; --help and --version are dealt with inside options_parse(). */
struct common_options {
	enum output_format format;
	enum color_mode color;
	bool quiet;
	struct option_number pid; /* one process of a folder */
	struct symbol_sources symbols;
};
enum {
	OPTION_FORMAT = 1 << 0,  /* --format text|json|jsonl */
	OPTION_PID = 1 << 1,     /* --pid N */
	OPTION_SYMBOLS = 1 << 2, /* --sysroot, --debug-dir, --debuginfod, --no-cache */
};
extern const struct option_row common_rows[];

/* True if text on stdout is to be coloured: --color, NO_COLOR, TERM, a terminal. */
bool options_colored(const struct common_options *common);

struct filter {
	struct option_texts calls;
	struct option_texts kinds;
	struct option_texts modules; /* globs */
	struct option_numbers tids;
	struct when from; /* from.given, to.given: asked for */
	struct when to;
	struct option_number limit; /* -n */
	bool failed;
	bool internal; /* --internal */
};
enum {
	FILTER_CALL = 1 << 0,
	FILTER_TID = 1 << 1,
	FILTER_KIND = 1 << 2,
	FILTER_MODULE = 1 << 3,
	FILTER_FROM_TO = 1 << 4,
	FILTER_FAILED = 1 << 5,
	FILTER_LIMIT = 1 << 6,
	FILTER_INTERNAL = 1 << 7,
	FILTER_ALL = (1 << 7) - 1, /* those of design section 7: without --internal */
};
extern const struct option_row filter_rows[];

struct event;
/* --call, --tid, --failed: what an event alone can answer. --internal is the command's to read. */
bool filter_takes_event(const struct filter *filter, const struct event *event);
/* --kind of a VMA; true if none was asked for. */
bool filter_takes_kind(const struct filter *filter, const char *kind);
struct symbols;
/* --module: some frame of the event's stack lies in a module whose path or base name matches a glob. */
bool filter_takes_stack(const struct filter *filter, struct symbols *symbols,
                        const struct event *event);

struct operands {
	int count;
	char **item;
};

/*
 * argv[0] is the command's name (its row of the command table gives the usage line). Permutes argv.
 * False: *status is what to exit with (0 after --help and --version, STATUS_USAGE after a message).
 */
bool options_parse(int argc, char **argv, const struct option_group *groups,
                   struct operands *operands, int *status);

/* One line "vmatrace: ..." on stderr. Returns status. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Until the next call of it, this thread's lines go to that stream instead; NULL: to stderr. */
void complain_to(FILE *stream);

#endif
