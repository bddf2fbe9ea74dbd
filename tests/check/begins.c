/*
 * begins: begins another program, in each of the ways there are.
 *
 *     begins exec|fork|vfork|spawn|clear|wait PROGRAM [ARGUMENT...]
 *
 * clear: as vfork, with nothing in the environment. missing: three vfork children look for it where it is not,
 * the third then finds it. wait: forks a child that maps a page and stays, and ends.
 * raw: maps memory by a system call of its own, and ends at once; with an argument in order.
 */
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t child)
{
	int status = 0;

	if (child < 0)
		return 1;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int spawn(char **argv)
{
	pid_t child;

	errno = posix_spawn(&child, argv[0], NULL, NULL, argv, environ);
	return errno ? 1 : wait_for(child);
}

/* A child that shares this memory until its exec; `wrong` ones before it name nothing. */
static int with_vfork(char **argv, char **environment, int wrong)
{
	pid_t child = vfork();

	if (child == 0) {
		for (int i = 0; i < wrong; i++)
			execve("/nowhere/at/all", argv, environment);
		if (argv[0])
			execve(argv[0], argv, environment);
		_exit(127);
	}
	return wait_for(child);
}

static int search(char **argv)
{
	char *nothing[] = { NULL };

	with_vfork(nothing, environ, 2);
	with_vfork(nothing, environ, 1);
	return with_vfork(argv, environ, 2);
}

/* Whoever started this waits for the line: the child has its trace then. */
static int leave_behind(void)
{
	if (fork() == 0) {
		mmap(NULL, (size_t)8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
		printf("%d\n", getpid());
		fflush(stdout);
		pause();
		_exit(0);
	}
	return 0;
}

/* Memory that no recorder sees come. */
static int map_past_libc(bool in_order)
{
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(SYS_mmap), "D"(0), "S"(1 << 16), "d"(PROT_READ), "r"(flags), "r"(fd),
	                   "r"(offset)
	                 : "rcx", "r11", "memory");
	if (!in_order)
		_exit(0);
	return 0;
}

int main(int argc, char **argv)
{
	char *nothing[] = { NULL };
	const char *how = argc > 1 ? argv[1] : "";

	argv += 2;
	if (strcmp(how, "exec") == 0)
		execve(argv[0], argv, environ);
	else if (strcmp(how, "fork") == 0) {
		pid_t child = fork();

		if (child == 0) {
			execve(argv[0], argv, environ);
			_exit(127);
		}
		return wait_for(child);
	} else if (strcmp(how, "vfork") == 0)
		return with_vfork(argv, environ, 0);
	else if (strcmp(how, "clear") == 0)
		return with_vfork(argv, nothing, 0);
	else if (strcmp(how, "missing") == 0)
		return search(argv);
	else if (strcmp(how, "spawn") == 0)
		return spawn(argv);
	else if (strcmp(how, "raw") == 0)
		return map_past_libc(argc > 2);
	else if (strcmp(how, "wait") == 0)
		return leave_behind();
	return 2;
}
