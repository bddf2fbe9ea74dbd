/* stack_overflow: a thread with a small stack recurses into its guard page. It has an alternate stack. */
#include <pthread.h>
#include <signal.h>

#include "answers.h"

static int descend(int depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	return depth ? descend(depth - 1) + frame[0] : 0;
}

static void *work(void *unused)
{
	static char alternate[64 * 1024];
	const stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };

	(void)unused;
	sigaltstack(&stack, NULL);
	return (void *)(intptr_t)descend(1 << 20);
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
	pthread_attr_setstacksize(&small, 128 * 1024);
	spawn(&thread, &small);
	pthread_join(thread, NULL);
	return 0;
}
