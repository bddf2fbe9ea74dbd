/*
 * edges.c: a library that calls in its constructor and in its destructor: after the recorder's constructor, and after
 * its destructor, where it is asked to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, EDGE_CALLS = 9 };

static void map_three_unmap_two(void)
{
	for (int i = 0; i < 3; i++) {
		char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || (i && munmap(page, PAGE)))
			abort();
	}
}

static void map_edge(void)
{
	for (int i = 0; i < EDGE_CALLS; i++)
		map_three_unmap_two();
	free(malloc(300 << 10));
}

__attribute__((constructor)) static void before(void)
{
	map_edge();
	dprintf(1, "constructor of a library\n");
}

__attribute__((destructor)) static void after(void)
{
	pid_t pid;
	int status;

	/* More than is ready for events when the file is cut. */
	for (int i = 0; getenv("EDGE_MANY") && i < atoi(getenv("EDGE_MANY")); i++) {
		char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || munmap(page, PAGE))
			abort();
	}
	map_edge();
	pid = fork();
	if (!pid) {
		map_edge();
		_exit(8);
	}
	if (waitpid(pid, &status, 0) != pid)
		abort();
	dprintf(1, "destructor of a library: child %#x\n", (unsigned)status);
}
