/*
 * acts: what the programs of this folder that do one thing, as told, have in common. Each defines `acts`; main() is
 * in acts.c:
 *
 *     PROGRAM ACT [COUNT [OPERAND]]
 */
#ifndef VMATRACE_TESTS_HOSTILE_ACTS_H
#define VMATRACE_TESTS_HOSTILE_ACTS_H

#include <stddef.h>
#include <sys/types.h>

enum { PAGE = 4096 };

struct act {
	const char *name;
	void (*act)(void);
};

/* Of the program; the last has no name. */
extern const struct act acts[];

/* As given, or 100 and "". */
extern long count;
extern const char *operand;

/* Says what could not be done, and errno; ends the process. */
_Noreturn void fail(const char *what);

/* Anonymous memory, or fail(). */
char *map(size_t bytes);

/* Maps a page and unmaps it, so many times, or fail(). */
void map_and_unmap(long times);

/* The same with two pages, of which it stores to one and protects the other. */
void map_protect_and_unmap(long times);

/* Result and errno of a call; an address shows only as mapped or not. Sets errno to 0. */
void say(const char *call, long result);

/* Waits for a child of any kind and says how it ended. */
void say_child(const char *what, pid_t pid);

#endif
