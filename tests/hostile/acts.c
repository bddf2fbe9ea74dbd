/*
 * acts.c: see the header.
 */
#include "acts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

long count = 100;
const char *operand = "";

_Noreturn void fail(const char *what)
{
	dprintf(1, "%s: errno %d\n", what, errno);
	_exit(1);
}

char *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

void map_and_unmap(long times)
{
	for (long i = 0; i < times; i++) {
		char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || munmap(page, PAGE))
			fail("map and unmap");
	}
}

void map_protect_and_unmap(long times)
{
	for (long i = 0; i < times; i++) {
		char *page = map(2 * PAGE);

		page[PAGE] = 1;
		if (mprotect(page, PAGE, PROT_READ) || munmap(page, 2 * PAGE))
			fail("munmap");
	}
}

void say(const char *call, long result)
{
	dprintf(1, "%s: %s, errno %d\n", call, result == -1 ? "-1" : "fine", errno);
	errno = 0;
}

void say_child(const char *what, pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, __WALL) != pid)
		fail(what);
	dprintf(1, "%s: status %#x\n", what, (unsigned)status);
}

int main(int argc, char **argv)
{
	if (argc > 2)
		count = atol(argv[2]);
	if (argc > 3)
		operand = argv[3];
	for (const struct act *act = acts; argc > 1 && act->name; act++) {
		if (!strcmp(argv[1], act->name)) {
			act->act();
			return 0;
		}
	}
	fprintf(stderr, "usage: %s ACT [COUNT [OPERAND]]\n", program_invocation_short_name);
	return 2;
}
