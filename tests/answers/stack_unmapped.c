/*
 * stack_unmapped: the stack of a thread that runs is unmapped. The next thing the thread does with it is its end, and no
 * handler has room either.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "answers.h"

enum { STACK_BYTES = 256 * 1024 };

static atomic_int runs, taken;

static int deeper(int depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	return depth ? deeper(depth - 1) + frame[0] : 0;
}

static void *work(void *unused)
{
	(void)unused;
	atomic_store(&runs, 1);
	while (!atomic_load(&taken))
		;
	return (void *)(intptr_t)deeper(10);
}

static void take_away(void *stack)
{
	munmap(stack, STACK_BYTES); /* guilty */
}

int main(void)
{
	void *stack = map(STACK_BYTES);
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK_BYTES);
	pthread_create(&thread, &attributes, work, NULL);
	while (!atomic_load(&runs))
		;
	take_away(stack);
	atomic_store(&taken, 1);
	pause();
	return 0;
}
