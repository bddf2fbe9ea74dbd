/*
 * main.c: the table of commands, and what is the same for all of them: --help, --version, and the look at
 * standard output after the last write.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "io/memory_left.h"

#define WHEN_HELP                                                                                  \
	"WHEN: start, end, peak (most bytes), peak-vmas, 1.25s or 250ms since the start, @SEQ "    \
	"(just\n"                                                                                  \
	"after that event), @SEQ- (just before), mark:NAME.\n"

static const struct command commands[] = {
	{ "record", cmd_record, "-- CMD [ARG ...]", "run CMD traced",
	  "Traces go to a new folder vmatrace.NAME.PID, one file for each process and program "
	  "image. Nobody may truncate one while CMD runs (its next call would end it by "
	  "SIGBUS);\n"
	  "to move or to remove it is harmless.\n"
	  "HUP, INT, QUIT, TERM, USR1 and USR2 sent to record are sent on to CMD.\n"
	  "exit status: that of CMD, 128 + signal if one ended it, 125 own failure, 126 CMD cannot "
	  "be run,\n"
	  "127 CMD not found\n" },
	{ "info", cmd_info, "[TRACE ...]", "what was traced, what was lost, how it ended",
	  "json: an object; of a folder, an object whose \"processes\" are an array of them.\n" },
	{ "events", cmd_events, "[TRACE ...]", "the calls, one a line, with call site",
	  "The call site is the innermost frame outside libc, the loader and allocators.\n"
	  "\"implicit\" is a change that a snapshot showed and no event explains.\n" WHEN_HELP
	  "json: an array of the objects that jsonl has one a line.\n" },
	{ "timeline", cmd_timeline, "[TRACE ...]",
	  "the changes of the address space, with totals and curves",
	  "Text is 60 lines at most, changes alike folded into one with their count; -n N gives "
	  "each\n"
	  "process N lines, -n 0 prints every change as it is replayed, totals and curves below "
	  "them. json\n"
	  "and jsonl are never folded.\n" },
	{ "maps", cmd_maps, "[TRACE]", "the VMA list at one moment, as /proc/PID/maps prints it",
	  "Neighbours that differ in nothing it prints are one row; the kernel may have kept them "
	  "apart.\n" WHEN_HELP },
	{ "mm", cmd_mm, "[TRACE]", "the address space as mm_struct sees it, at one moment",
	  WHEN_HELP },
	{ "budget", cmd_budget, "[TRACE]",
	  "VMAs against vm.max_map_count, who holds and splits them, why calls found no memory",
	  "Of each call site the first failure is explained, by the limits that were in force when "
	  "it\n"
	  "failed (vm.max_map_count: at the start).\n"
	  "Text is 10 call sites of each list unless -n says otherwise.\n" },
	{ "diff", cmd_diff, "WHEN..WHEN [TRACE] | OLD NEW",
	  "what changed between two moments of a run, or between two runs",
	  "By kind of memory and by call site; sites of two runs are held against each other by "
	  "their id.\n"
	  "json: pairs are [old, new].\n" WHEN_HELP },
	{ "history", cmd_history, "ADDR[-ADDR] [TRACE]",
	  "everything that happened to some pages; what was wrong at a crash",
	  "ADDR is hexadecimal. With --crash or --core it is the address of the fault, of the "
	  "process\n"
	  "that crashed.\n"
	  "A change is told from the pages' side: a call that splits their VMA beside them is none "
	  "of theirs.\n"
	  "json: an array of changes, oldest first; of a crash an object with them and the fault.\n"
	  "Text is the last 40 changes unless -n says otherwise.\n" },
	{ "protections", cmd_protections, "[TRACE]",
	  "changes of rights over time: what flips, what is writable and executable",
	  "A flip goes back to what was there before the last change; held for: how long the "
	  "rights "
	  "before\n"
	  "had held, on average. Warnings come first, then what took the most time. \"Through two "
	  "mappings\":\n"
	  "a file's pages are writable by a shared one and executable by another.\n" },
	{ "shared", cmd_shared, "[TRACE ...]",
	  "shared memory and files through all processes: who made, mapped, holds them",
	  "An object is its device and inode; acts alike of one process are one line with their "
	  "number.\n"
	  "How large an object was made is in no trace: ftruncate changes no address space.\n" },
	{ "sites", cmd_sites, "[TRACE ...]", "call sites: calls, bytes, what is still mapped, time",
	  "A site is a call and a stack; of a folder those of all processes together.\n"
	  "live: pages first mapped there and still mapped at --to, VMAs: in so many runs alike;\n"
	  "splits: VMAs there are more of because of calls that map nothing.\n"
	  "json: \"id\" names a site across runs and rebuilds: call and functions, no lines.\n"
	  "Text is 40 sites unless -n says otherwise.\n" WHEN_HELP },
	{ "leaks", cmd_leaks, "[TRACE ...]",
	  "what was mapped and never unmapped, shm objects never unlinked",
	  "Process exit unmaps nothing. What libc and the loader keep is shown apart and is no "
	  "leak.\n"
	  "An shm object counts as unlinked by shm_unlink; removed in another way (unlink of a "
	  "file "
	  "in\n"
	  "/dev/shm) it is listed; that it is gone by now is said where this /dev/shm is all of "
	  "the "
	  "file\n"
	  "system that it was seen mapped from.\n"
	  "A suppression names part of a function, module or source file; * is any text, ^ and $ "
	  "its ends;\n"
	  "its file is that of check: lines of rules that are not about leaks are left to it.\n"
	  "Text is 20 call sites of each class unless -n says otherwise.\n"
	  "exit status: with --fail 1 if the program leaked a mapping, an shm object or a "
	  "thread\n" },
	{ "verify", cmd_verify, "[TRACE ...]",
	  "the replay held against every snapshot of the kernel's list",
	  "json is one object; of a folder with several processes an array of them, each with its "
	  "pid.\n"
	  "exit status: 0 all matched, 1 a mismatch or an unexplained VMA, 3 no snapshot to begin "
	  "from;\n"
	  "of several processes the highest\n" },
	{ "check", cmd_check, "[--policy FILE] [--baseline FILE] TRACE",
	  "a verdict for CI: is the run what a policy wants it to be",
	  "Without --policy the default policy holds (--print-policy). A rule that is not named in "
	  "a policy\n"
	  "is off. --write-baseline stores the call sites of a run that is accepted; --baseline "
	  "then "
	  "says\n"
	  "which are new, gone, grown.\n"
	  "exit status: 0 no error was found, 1 errors, 2 a bad policy, suppression or baseline "
	  "file,\n"
	  "3 a trace that is missing, unreadable, or incomplete (unless the policy takes that)\n" },
};

const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void print_usage(FILE *out)
{
	fputs("usage: vmatrace COMMAND [options] [TRACE ...]\n"
	      "       LD_PRELOAD=libvmatrace.so CMD\n"
	      "See what happened to the address space of a program, when, and who did it.\n"
	      "\n"
	      "commands (vmatrace COMMAND --help says more):\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "TRACE is a *.vmat file or a folder that `vmatrace record` made; without one the "
	      "newest\n"
	      "trace or trace folder of the current directory is taken and named on stderr.\n"
	      "\n"
	      "options:\n"
	      "  -h, --help  show this help\n"
	      "  --version   show the version\n"
	      "\n"
	      "exit status: 0 fine, 1 findings (verify, check, leaks --fail), 2 usage,\n"
	      "3 the trace is missing, unreadable or too incomplete to say, or the output could "
	      "not be\n"
	      "written; record: that of CMD, 128 + signal, 125 own failure, 126 CMD cannot be "
	      "run,\n"
	      "127 CMD not found\n",
	      out);
}

static int run(int argc, char **argv)
{
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_usage(stdout);
		return STATUS_FINE;
	}
	if (strcmp(name, "--version") == 0) {
		printf("vmatrace %s\n", VMATRACE_VERSION);
		return STATUS_FINE;
	}
	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	command = command_named(name);
	if (command)
		return command->run(argc - 1, argv + 1);
	if (name[0] == '-')
		return complain(STATUS_USAGE, "unknown option '%s' (vmatrace --help)", name);
	return complain(STATUS_USAGE, "unknown command '%s' (vmatrace --help)", name);
}

/* stdio keeps no errno of a write that failed earlier. */
static bool reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int main(int argc, char **argv)
{
	int status;

	/* One thread only: no lock for each character. */
	__fsetlocking(stdout, FSETLOCKING_BYCALLER);
	/* Each thread's own heap wants 64 MiB of addresses; without them each of its pieces takes pages of its own. */
	if (memory_is_limited())
		mallopt(M_ARENA_MAX, 1);
	status = run(argc, argv);
	/*
	 * A full disk shows here at the latest. A reader that went away (EPIPE, where SIGPIPE is ignored) has
	 * seen all it wanted.
	 */
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno == EPIPE || reader_is_gone())
		return status;
	return complain(STATUS_TRACE, "cannot write standard output: %s",
	                errno ? strerror(errno) : "an earlier write failed");
}
