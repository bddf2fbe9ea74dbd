/*
 * stack_overflow: a thread with a small stack recurses into its guard page. It has an alternate stack, unless there is an
 * argument: then no handler can run.
 */
#include <pthread.h>
#include <signal.h>

#include "answers.h"

enum { ALTERNATE_BYTES = 64 * 1024 };

static int descend(int depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	return depth ? descend(depth - 1) + frame[0] : 0;
}

static void *work(void *alternate)
{
	const stack_t stack = { .ss_sp = alternate, .ss_size = ALTERNATE_BYTES };

	if (alternate)
		sigaltstack(&stack, NULL);
	return (void *)(intptr_t)descend(1 << 20);
}

static void spawn(pthread_t *thread, const pthread_attr_t *small, char *alternate)
{
	pthread_create(thread, small, work, alternate); /* guilty */
}

int main(int argc, char **argv)
{
	static char alternate[ALTERNATE_BYTES];
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 * 1024);
	(void)argv;
	spawn(&thread, &small, argc > 1 ? NULL : alternate);
	pthread_join(thread, NULL);
	return 0;
}
