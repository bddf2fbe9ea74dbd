/*
 * reader_fuzz.c: any bytes as a trace, through every command that reads one.
 *
 *     reader_fuzz [libFuzzer options] CORPUS-FOLDER     built by clang with -fsanitize=fuzzer
 *     reader_fuzz FILE ...                              built with FUZZ_REPLAY: each file once, where it lies
 *
 * The commands are called as main.c calls them; a crash, a leak, a hang or undefined behaviour is a find.
 * What they print goes nowhere. A trace is only ever read, so the bytes live in a memfd.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/command.h"
#include "fuzz_seal.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A command line each, the trace's name added. Every renderer and every walk occurs. */
static const char *const commands[][6] = {
	{ "verify", "--format", "json" },
	{ "info" },
	{ "info", "--format", "json" },
	{ "events", "--format", "jsonl" },
	{ "timeline", "-n", "0", "--internal" },
	{ "maps", "--at", "peak-vmas", "--who" },
	{ "mm" },
	{ "budget", "--format", "json" },
	{ "check" },
	{ "check", "--format", "sarif" },
};

/* What the commands say of bad input is not looked at; one descriptor, or a run would use up all. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!freopen("/dev/null", "w", stdout))
		abort();
	return 0;
}

static void run_all(char *path)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char *argv[8];
		int argc = 0;

		for (; commands[i][argc]; argc++)
			argv[argc] = (char *)(uintptr_t)commands[i][argc];
		argv[argc++] = path;
		argv[argc] = NULL;
		command_named(argv[0])->run(argc, argv);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	run_all(path);
	close(fd);
	return 0;
}

#ifdef FUZZ_REPLAY
int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run_all(argv[i]);
	fprintf(stderr, "%d traces read\n", argc - 1);
	return 0;
}
#endif
