/*
 * startup.c: calls before main and after it: from .preinit_array, from constructors and destructors, handlers of
 * exit() and quick_exit(), and from the libraries it is linked to or opens (resolver.c). Prints what came of it,
 * without addresses.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "witness.h"

enum { EARLY_CALLS = 5, LATE_CALLS = 7 };

/* --- .preinit_array: before every constructor but one that asked to be the first of all ---------------- */

static pid_t early_child = -1;

static void *map_in_thread(void *unused)
{
	map_and_unmap(EARLY_CALLS);
	return unused;
}

static void preinit(int argc, char **argv, char **envp)
{
	pthread_t thread;
	pid_t pid;

	(void)envp;
	if (argc < 2 || strcmp(argv[1], "preinit"))
		return;
	map_and_unmap(EARLY_CALLS);
	free(malloc(200 << 10));
	pid = fork();
	if (!pid) {
		map_and_unmap(EARLY_CALLS + 1);
		_exit(3);
	}
	say_child("child of before", pid);
	/* Goes on through the rest of the start, and through main. */
	early_child = fork();
	if (!early_child)
		return;
	say_child("second start", early_child);
	if (pthread_create(&thread, NULL, map_in_thread, NULL) || pthread_join(thread, NULL))
		abort();
	closefrom(3);
	errno = 0;
	dprintf(1, "before all\n");
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all)(int, char **,
                                                                                 char **) = preinit;

static void preinit_main(void)
{
	map_and_unmap(count);
	dprintf(1, "main of the %s\n", early_child ? "parent" : "child");
}

/* --- behind main ---------------------------------------------------------------------------------------- */

static void map_late(void)
{
	pid_t pid;

	map_and_unmap(LATE_CALLS);
	pid = fork();
	if (!pid) {
		map_and_unmap(LATE_CALLS);
		_exit(4);
	}
	say_child("child of a handler", pid);
}

static void exits(void)
{
	atexit(map_late);
	map_and_unmap(count);
	exit(5);
}

static void quick_exits(void)
{
	at_quick_exit(map_late);
	map_and_unmap(count);
	quick_exit(6);
}

/* --- libraries ------------------------------------------------------------------------------------------ */

static void say_of(void *library)
{
	int (*says)(void);

	if (library)
		*(void **)&says = dlsym(library, "resolver_says");
	if (!library || !says || !says())
		abort();
}

static void linked(void)
{
	say_of(dlopen(NULL, RTLD_NOW));
	map_and_unmap(count);
}

/* The operand is opened, closed, and opened again with everything bound at once. */
static void opened(void)
{
	void *library = dlopen(operand, RTLD_LAZY);

	say_of(library);
	if (dlclose(library))
		abort();
	say_of(dlopen(operand, RTLD_NOW));
	map_and_unmap(count);
}

const struct act acts[] = {
	{ "preinit", preinit_main }, { "exits", exits },   { "quick_exits", quick_exits },
	{ "linked", linked },        { "opened", opened }, { NULL, NULL },
};
