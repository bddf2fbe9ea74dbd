/*
 * record: runs a command with the recorder preloaded, then gets out of its way. The command keeps
 * its standard streams, its signals and its exit status; what there is to say is said on stderr
 * when it is over.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "command.h"
#include "options.h"
#include "record_output.h"
#include "record_start.h"
#include "record_target.h"
#include "vmatrace/trace_format.h"

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return false;
}

static bool take_word(void *field, const char *value, const char *const *words)
{
	*(const char **)field = value;
	return is_one_of(value, words);
}

static bool take_on_full(void *field, const char *value)
{
	return take_word(field, value, (const char *const[]) { "overwrite", "stop", "grow", NULL });
}

static bool take_stack(void *field, const char *value)
{
	return take_word(field, value, (const char *const[]) { "cfi", "fp", "none", NULL });
}

static bool take_coverage(void *field, const char *value)
{
	return take_word(field, value, (const char *const[]) { "auto", "calls", NULL });
}

/* A number of slots, or of bytes with a unit: what VMATRACE_RING takes, which reads it again. */
static bool take_ring(void *field, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	*(const char **)field = value;
	return digits > 0 && digits < 19 && strspn(value, "0") < digits &&
	       (value[digits] == '\0' ||
	        (strchr("kKmMgG", value[digits]) && value[digits + 1] == '\0'));
}

static bool take_depth(void *field, const char *value)
{
	const struct option_number *depth = field;

	return take_number(field, value) && depth->value >= 1 && depth->value <= VMAT_DEPTH_LIMIT;
}

static bool take_exitcode(void *field, const char *value)
{
	const struct option_number *number = field;

	return take_number(field, value) && number->value >= 1 && number->value <= 255;
}

static const struct option_row record_rows[] = {
	{ "output", 'o', 0, "PATTERN",
	  "where traces go (%p pid, %e program, %h host, %t time); default vmatrace.NAME.PID/",
	  take_text, offsetof(struct record_options, pattern) },
	{ "ring", 0, 0, "N", "size of a trace: events, or bytes with K, M, G (64M)", take_ring,
	  offsetof(struct record_options, ring) },
	{ "on-full", 0, 0, "overwrite|stop|grow", "what a full trace does (overwrite the oldest)",
	  take_on_full, offsetof(struct record_options, on_full) },
	{ "stack", 0, 0, "cfi|fp|none", "how stacks are taken (cfi)", take_stack,
	  offsetof(struct record_options, stack) },
	{ "depth", 0, 0, "N", "frames kept of each stack, at most 128 (32)", take_depth,
	  offsetof(struct record_options, depth) },
	{ "coverage", 0, 0, "auto|calls",
	  "see also what libc does inside itself where possible, or only calls (auto)",
	  take_coverage, offsetof(struct record_options, coverage) },
	{ "no-children", 0, 0, NULL, "trace CMD's own process only", take_flag,
	  offsetof(struct record_options, no_children) },
	{ "check", 0, 0, "POLICY", "judge the traces by a policy file afterwards", take_text,
	  offsetof(struct record_options, check) },
	{ "baseline", 0, 0, "FILE", "with --check: call sites that are known", take_text,
	  offsetof(struct record_options, baseline) },
	{ "error-exitcode", 0, 0, "N", "with --check: status if CMD was fine, with findings (99)",
	  take_exitcode, offsetof(struct record_options, error_exitcode) },
	{ "incomplete-exitcode", 0, 0, "N",
	  "with --check: status if CMD was fine and its traces are too incomplete to say (98)",
	  take_exitcode, offsetof(struct record_options, incomplete_exitcode) },
	{ 0 },
};

/* True if the option in `text` has its value in the next word. */
static bool takes_next_word(const char *text)
{
	const struct option_row *const tables[] = { record_rows, common_rows };
	size_t length = strlen(text);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct option_row *row = tables[i]; row->name; row++) {
			if (!row->argument)
				continue;
			/* A long option may be cut short, as getopt_long(3) takes it. */
			if (text[1] == '-' ? strncmp(text + 2, row->name, length - 2) == 0
			                   : text[1] == row->letter && length == 2)
				return true;
		}
	}
	return false;
}

/*
 * CMD's first word: behind "--", or the first that is no option of ours. What follows is CMD's
 * alone.
 */
static int find_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return i;
		if (takes_next_word(argv[i]))
			i++;
	}
	return argc;
}

/* The recorder stands beside the analyzer in a build and in the library folder once installed. */
static bool find_recorder(char *path, size_t limit)
{
	static const char name[] = "libvmatrace.so";
	char own[PATH_MAX], candidate[4][PATH_MAX + 256];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	struct utsname machine;
	char *slash;

	own[length > 0 ? length : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	uname(&machine);
	snprintf(candidate[0], sizeof(candidate[0]), "%s/%s", own, name);
	snprintf(candidate[1], sizeof(candidate[1]), "%s/../lib/%s", own, name);
	snprintf(candidate[2], sizeof(candidate[2]), "%s/../lib/%s-linux-gnu/%s", own,
	         machine.machine, name);
	snprintf(candidate[3], sizeof(candidate[3]), "%s/%s", VMATRACE_LIBDIR, name);
	for (size_t i = 0; i < sizeof(candidate) / sizeof(candidate[0]); i++) {
		char *real = realpath(candidate[i], NULL);
		bool fits = real && strlen(real) < limit && access(real, R_OK) == 0;

		if (fits)
			strcpy(path, real);
		free(real);
		if (fits)
			return true;
	}
	return false;
}

/* Any number may be CMD's own, so the last line says whose it is. */
static int say_status(const struct common_options *common, int verdict, int status,
                      const struct record_end *end, int own)
{
	if (common->quiet || status == 0)
		return status;
	if (WIFSIGNALED(end->wait_status))
		complain(0, "status %d: signal %d ended the command", own,
		         WTERMSIG(end->wait_status));
	else if (own != 0)
		complain(0, "status %d is the command's own", own);
	else
		complain(0, "status %d: %s; the command itself ended with 0", status,
		         verdict == STATUS_FINDINGS ? "the findings above"
		                                    : "the traces are too incomplete to say");
	return status;
}

/* What the whole comes to. status: CMD's, which wins. */
static int status_of(const struct record_options *options, int verdict, int status)
{
	if (status != 0 || verdict == STATUS_FINE)
		return status;
	if (verdict == STATUS_FINDINGS)
		return options->error_exitcode.given ? (int)options->error_exitcode.value
		                                     : STATUS_CHECK_FAILED;
	return options->incomplete_exitcode.given ? (int)options->incomplete_exitcode.value
	                                          : STATUS_CHECK_INCOMPLETE;
}

/* What is said and judged once CMD is over. status: CMD's, which wins. */
static int conclude(const struct start *start, const struct common_options *common,
                    const struct policy *policy, uint64_t begun_ns, const struct record_end *end,
                    int status)
{
	const struct record_options *options = start->options;
	const struct check_options check = {
		.policy = options->check,
		.baseline = options->baseline,
		.format = check_format_named("text"),
		.out = stderr,
	};
	struct trace_set set;
	int verdict = STATUS_TRACE;

	if (!record_traces(start->output, begun_ns, &set)) {
		complain(0, "cannot look for traces: out of memory");
	} else {
		record_store_end(&set, end);
		if (!common->quiet)
			record_summary(start->output, &set);
		record_signals_give_back(&start->signals);
		/* Without a trace there is nothing that could have passed. */
		if (options->check && !set.count)
			complain(0, "cannot judge: no trace was written");
		else if (options->check)
			verdict = check_judge(&set, common, &check, policy);
	}
	trace_set_release(&set);
	if (!options->check)
		return status;
	return say_status(common, verdict, status_of(options, verdict, status), end, status);
}

/* From options that were read to CMD's end and what it amounts to. policy: of --check. */
static int run_command(const struct record_options *options, const struct common_options *common,
                       const struct policy *policy, char **command)
{
	char recorder[PATH_MAX];
	struct record_output output;
	struct target target;
	struct start start = { .options = options,
		               .target = &target,
		               .recorder = recorder,
		               .output = &output,
		               .command = command };
	uint64_t begun_ns = record_now_ns();
	enum target_status found = target_resolve(&target, command[0], getenv("PATH"));
	struct record_end end;
	int status;

	if (found != TARGET_FINE)
		return complain((int)found, "%s", target.reason);
	if (!find_recorder(recorder, sizeof(recorder)))
		return complain(STATUS_OWN_FAILURE,
		                "cannot find libvmatrace.so beside vmatrace, in ../lib or in '%s'",
		                VMATRACE_LIBDIR);
	if (strpbrk(recorder, " :"))
		return complain(
			STATUS_OWN_FAILURE,
			"cannot preload '%s': LD_PRELOAD takes no path with a blank or a colon",
			recorder);
	if (!record_output_plan(&output, options->pattern, command[0]))
		return complain(STATUS_OWN_FAILURE, "cannot write to '%s': %s", output.folder,
		                strerror(errno));
	status = record_run(&start, &end);
	return end.ran ? conclude(&start, common, policy, begun_ns, &end, status) : status;
}

int cmd_record(int argc, char **argv)
{
	struct record_options options = { 0 };
	struct common_options common = { 0 };
	const struct option_group groups[] = {
		{ record_rows, &options, 0 },
		{ common_rows, &common, 0 },
		{ NULL, NULL, 0 },
	};
	int command_at = find_command(argc, argv);
	bool dashes = command_at > 1 && strcmp(argv[command_at - 1], "--") == 0;
	struct check_options check = { 0 };
	struct policy policy = { 0 };
	struct baseline baseline = { 0 };
	struct operands operands;
	int status;

	if (!options_parse(dashes ? command_at - 1 : command_at, argv, groups, &operands, &status))
		return status;
	if (command_at >= argc)
		return complain(STATUS_USAGE,
		                "record: no command given; try 'vmatrace record -- ls'");
	if (!options.check &&
	    (options.baseline || options.error_exitcode.given || options.incomplete_exitcode.given))
		return complain(STATUS_USAGE, "record: --baseline, --error-exitcode and "
		                              "--incomplete-exitcode are for --check POLICY");
	/* A policy that cannot be read is said before CMD has done its work, not after. */
	check.policy = options.check;
	check.baseline = options.baseline;
	status = options.check ? check_load_policy(&policy, &check) : STATUS_FINE;
	if (status == STATUS_FINE && options.check)
		status = check_load_baseline(&baseline, &check);
	baseline_release(&baseline);
	if (status == STATUS_FINE)
		status = run_command(&options, &common, &policy, argv + command_at);
	policy_release(&policy);
	return status;
}
