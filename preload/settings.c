/*
 * settings.c: reads VMATRACE_*. One row of `variables` for each; a row's function says whether it understood.
 */
#include "settings.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "raw_syscall.h"
#include "text.h"

enum { DEFAULT_RING_BYTES = 64 << 20, SLOTS_LEAST = 16 };

#define SLOTS_MOST (1ull << 32)
#define VERBOSE "VMATRACE_VERBOSE="

void settings_complain(const char *what, const char *detail)
{
	char line[SETTINGS_PATH_BYTES + 128];
	struct text text = text_in(line, sizeof(line) - 1);

	text_string(&text, "vmatrace: ");
	text_string(&text, what);
	text_string(&text, detail);
	text.limit++;
	text_byte(&text, '\n');
	RAW_3(SYS_write, 2, line, text.length);
}

static uint64_t round_up_to_power_of_two(uint64_t number)
{
	uint64_t power = SLOTS_LEAST;

	while (power < number)
		power <<= 1;
	return power;
}

static bool set_ring(struct settings *settings, const char *value)
{
	static const char suffix[] = "KMG";
	const char *at = value;
	uint64_t number = text_parse(&at, 10);
	uint64_t slots;

	if (at == value || number == 0 || number > SLOTS_MOST)
		return false;
	if (*at == '\0') {
		slots = number;
	} else {
		unsigned shift = 0;

		for (unsigned i = 0; i < 3; i++) {
			if (*at == suffix[i] || *at == suffix[i] + ('a' - 'A'))
				shift = 10 * (i + 1);
		}
		if (!shift || at[1] != '\0')
			return false;
		slots = (number << shift) / VMAT_SLOT_BYTES;
		if (slots > SLOTS_MOST)
			return false;
	}
	settings->slot_count = round_up_to_power_of_two(slots);
	settings->ring_bytes = settings->slot_count * VMAT_SLOT_BYTES;
	return true;
}

/* The index of `value` among `words`, -1 if it is none of them. */
static int word_index(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		if (text_equal(value, words[i]))
			return i;
	}
	return -1;
}

static bool set_on_full(struct settings *settings, const char *value)
{
	static const char *const words[] = { "overwrite", "stop", "grow", NULL };
	int index = word_index(value, words);

	if (index >= 0)
		settings->on_full = (enum vmat_on_full)index;
	return index >= 0;
}

static bool set_stack(struct settings *settings, const char *value)
{
	static const char *const words[] = { "cfi", "fp", "none", NULL };
	int index = word_index(value, words);

	if (index >= 0)
		settings->stack_mode = (enum vmat_stack_mode)index;
	return index >= 0;
}

static bool set_coverage(struct settings *settings, const char *value)
{
	static const char *const words[] = { "calls", "auto", NULL };
	int index = word_index(value, words);

	if (index == 0)
		settings->sites = VMAT_SITES_ASKED_OFF;
	return index >= 0;
}

/*
 * Other tools that read or write libc's text say so where they say what to preload: valgrind, which runs a
 * translation of it, and rr, which makes the same pairs into calls of its own.
 */
static bool look_at_preloads(struct settings *settings, const char *value)
{
	static const struct {
		const char *part;
		enum vmat_sites_off off;
	} tools[] = {
		{ "/vgpreload_", VMAT_SITES_VALGRIND },
		{ "librrpreload", VMAT_SITES_RR },
	};

	for (const char *at = value; *at; at++) {
		for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
			if (text_after(at, tools[i].part))
				settings->sites = tools[i].off;
		}
	}
	return true;
}

static bool set_depth(struct settings *settings, const char *value)
{
	const char *at = value;
	uint64_t depth = text_parse(&at, 10);

	if (at == value || *at || depth == 0 || depth > VMAT_DEPTH_LIMIT)
		return false;
	settings->depth = (uint32_t)depth;
	return true;
}

/*
 * "-" is what address_space.c makes of "0" in the environment of the image that was told not to follow its
 * children: an image that reads it was started by that one, and records nothing.
 */
static bool set_children(struct settings *settings, const char *value)
{
	static const char *const words[] = { "0", "1", "-", NULL };
	int index = word_index(value, words);

	if (index >= 0) {
		settings->children = index == 1;
		settings->descendant = index == 2;
	}
	return index >= 0;
}

static bool set_flag(bool *flag, const char *value)
{
	static const char *const words[] = { "0", "1", NULL };
	int index = word_index(value, words);

	if (index >= 0)
		*flag = index == 1;
	return index >= 0;
}

static bool set_verbose(struct settings *settings, const char *value)
{
	return set_flag(&settings->verbose, value);
}

static bool set_faults(struct settings *settings, const char *value)
{
	return set_flag(&settings->faults, value);
}

/* A % of the folder's name is no pattern. */
static void text_folder(struct text *text, const char *folder)
{
	for (const char *at = folder; *at; at++) {
		if (*at == '%')
			text_byte(text, '%');
		text_byte(text, *at);
	}
}

static bool set_out(struct settings *settings, const char *value)
{
	struct text text = text_in(settings->out, sizeof(settings->out));

	if (value[0] == '\0')
		return false;
	if (value[0] != '/') {
		/* Resolved now: the program may chdir before a child of it needs the pattern again. */
		char cwd[SETTINGS_PATH_BYTES];

		/* A deleted folder: no file can be made there, and none shall be elsewhere. */
		if (raw_failed(RAW_2(SYS_getcwd, cwd, sizeof(cwd))))
			return true;
		text_folder(&text, cwd);
		text_byte(&text, '/');
	}
	text_string(&text, value);
	return !text.cut;
}

static const struct {
	const char *prefix;
	bool (*set)(struct settings *settings, const char *value);
	const char *complaint;
} variables[] = {
	{ "VMATRACE_RING=", set_ring,
	  "VMATRACE_RING wants a number of slots or bytes with K, M or G, not " },
	{ "VMATRACE_ON_FULL=", set_on_full,
	  "VMATRACE_ON_FULL wants overwrite, stop or grow, not " },
	{ "VMATRACE_STACK=", set_stack, "VMATRACE_STACK wants cfi, fp or none, not " },
	{ "VMATRACE_DEPTH=", set_depth, "VMATRACE_DEPTH wants 1 to 128 frames, not " },
	{ "VMATRACE_COVERAGE=", set_coverage, "VMATRACE_COVERAGE wants auto or calls, not " },
	{ "VMATRACE_CHILDREN=", set_children, "VMATRACE_CHILDREN wants 0 or 1, not " },
	{ VERBOSE, set_verbose, "VMATRACE_VERBOSE wants 0 or 1, not " },
	{ "VMATRACE_FAULTS=", set_faults, "VMATRACE_FAULTS wants 0 or 1, not " },
	{ "LD_PRELOAD=", look_at_preloads, NULL },
	{ "VMATRACE_OUT=", set_out, "VMATRACE_OUT wants a path of less than 1024 bytes, not " },
};

static void set_names(struct settings *settings, const char *program)
{
	struct text name = text_in(settings->program, sizeof(settings->program));
	struct text host = text_in(settings->host, sizeof(settings->host));
	struct utsname uts;
	const char *base = program ? program : "unknown";

	for (const char *at = base; *at; at++) {
		if (*at == '/' && at[1])
			base = at + 1;
	}
	text_string(&name, base);
	if (!raw_failed(RAW_1(SYS_uname, &uts)))
		text_string(&host, uts.nodename);
}

void settings_read(struct settings *settings, char **envp, const char *program)
{
	*settings = (struct settings) {
		.ring_bytes = DEFAULT_RING_BYTES,
		.slot_count = DEFAULT_RING_BYTES / VMAT_SLOT_BYTES,
		.depth = 32,
		.children = true,
	};
	set_names(settings, program);
	set_out(settings, "vmatrace.%e.%p.vmat");
	for (; envp && *envp; envp++) {
		for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
			const char *value = text_after(*envp, variables[i].prefix);

			if (!value)
				continue;
			if (!variables[i].set(settings, value)) {
				settings_complain(variables[i].complaint, value);
				if (variables[i].set == set_out)
					set_out(settings, "vmatrace.%e.%p.vmat");
			} else if (variables[i].set == set_children) {
				settings->children_value = *envp + (value - *envp);
			}
		}
	}
}

bool settings_are_verbose(char **envp)
{
	bool verbose = false;

	for (; *envp; envp++) {
		const char *value = text_after(*envp, VERBOSE);

		if (value)
			set_flag(&verbose, value);
	}
	return verbose;
}
