/*
 * last_maps: runs a program without address space randomization and keeps its VMA list as the kernel has it
 * when the program is about to be gone: all of its code has run, its address space is still there.
 *
 *     last_maps OUT COMMAND [ARGUMENT ...]
 *
 * Exits as the program did, 128 + signal if it was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "last_maps: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void copy(const char *from, const char *to)
{
	static char buffer[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t got;

	if (in < 0 || out < 0)
		fail(from);
	while ((got = read(in, buffer, sizeof(buffer))) > 0) {
		if (write(out, buffer, (size_t)got) != got)
			fail(to);
	}
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	const void *options = (const void *)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	char path[64];
	pid_t child;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: last_maps OUT COMMAND [ARGUMENT ...]\n");
		return 125;
	}
	child = fork();
	if (child == 0) {
		if (personality(ADDR_NO_RANDOMIZE) == -1 || ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			fail("cannot trace");
		execvp(argv[2], argv + 2);
		fail(argv[2]);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, options))
		fail("cannot trace");
	snprintf(path, sizeof(path), "/proc/%d/maps", child);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	while (waitpid(child, &status, __WALL) == child && WIFSTOPPED(status)) {
		bool exits = status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
		int number = WSTOPSIG(status);

		if (exits)
			copy(path, argv[1]);
		/* A stop by SIGTRAP is an exec, which the tracer alone is told of. */
		ptrace(PTRACE_CONT, child, NULL,
		       (const void *)(long)(exits || number == SIGTRAP ? 0 : number));
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
