/*
 * large_frame: one frame of a thread is larger than what is left of its stack, and reaches into the guard at once. The
 * thread has an alternate stack, so that a handler can run.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>

#include "answers.h"

enum { ALTERNATE_BYTES = 64 * 1024, STACK_BYTES = 128 * 1024 };

static char alternate[ALTERNATE_BYTES];

static void use(volatile char *frame)
{
	/* The lowest bytes first: below the stack, within the guard of 64 KiB. */
	frame[0] = 1;
}

static void *work(void *argument)
{
	const stack_t stack = { .ss_sp = alternate, .ss_size = ALTERNATE_BYTES };

	sigaltstack(&stack, NULL);
	use(alloca(STACK_BYTES + 16 * 1024));
	return argument;
}

static void spawn(pthread_t *thread, const pthread_attr_t *small)
{
	pthread_create(thread, small, work, NULL); /* guilty */
}

int main(void)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	pthread_attr_setguardsize(&small, 64 * 1024);
	spawn(&thread, &small);
	pthread_join(thread, NULL);
	return 0;
}
