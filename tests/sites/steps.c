/*
 * steps: how many instructions of user space a pair of mmap and munmap takes: counted by single steps, so that
 * the figure is the same on any machine, however busy.
 *
 *     steps        prints the instructions of one pair: as the program calls them, as malloc makes them
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIRS = 50, BLOCK = 1 << 20, CANNOT = 77 };

static void nothing(void)
{
	__asm__ volatile("");
}

static void pair(void)
{
	void *pages = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages, BLOCK))
		_exit(1);
}

/* Above the threshold that mallopt() keeps: a mapping of its own each time. */
static void block(void)
{
	void *volatile memory = malloc(BLOCK);

	free(memory);
}

static _Noreturn void stepped(void (*work)(void))
{
	/* What the first call of a process does is not what each one costs. */
	work();
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(CANNOT);
	raise(SIGSTOP);
	for (int i = 0; i < PAIRS; i++)
		work();
	_exit(0);
}

static long steps_of(void (*work)(void))
{
	long steps = 0;
	pid_t child = fork();
	int status;

	if (!child)
		stepped(work);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		exit(1);
	while (WIFSTOPPED(status)) {
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) || waitpid(child, &status, 0) < 0)
			exit(1);
	}
	if (WEXITSTATUS(status))
		exit(WEXITSTATUS(status));
	return steps;
}

static long each(void (*work)(void))
{
	return (steps_of(work) - steps_of(nothing)) / PAIRS;
}

int main(void)
{
	/* Set, so that free() does not raise it. */
	if (!mallopt(M_MMAP_THRESHOLD, BLOCK / 2))
		return 1;
	printf("%ld %ld\n", each(pair), each(block));
	return 0;
}
