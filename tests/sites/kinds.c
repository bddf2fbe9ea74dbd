/*
 * kinds: a program that knows what its memory is for: `KIND FROM TO` a line for what holds when it marks the
 * trace "look", the stacks as pthread_getattr_np() has them. What it maps itself has the shapes that libc's has.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmatrace/mark.h"

enum { PAGE = 4096, THREADS = 4, ARENA = 64 << 20, STACK = 8 << 20 };

static sem_t ready, leave;

static void say(const char *kind, const void *from, size_t bytes)
{
	printf("%s %lx %lx\n", kind, (uintptr_t)from, (uintptr_t)from + bytes);
}

static void *live(void *own_stack)
{
	pthread_attr_t attributes;
	void *start, *small = malloc(100), *large = malloc(700000);
	size_t bytes, guard;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &start, &bytes);
	pthread_attr_getguardsize(&attributes, &guard);
	flockfile(stdout);
	say(own_stack ? "anonymous" : "thread-stack", start, bytes);
	if (!own_stack)
		say("guard", (char *)start - guard, guard);
	say("malloc-arena", small, 100);
	say("malloc-block", large, 700000);
	funlockfile(stdout);
	sem_post(&ready);
	sem_wait(&leave);
	free(large);
	free(small);
	return NULL;
}

static void start_threads(pthread_t *thread)
{
	static const size_t stack_bytes[THREADS] = { 0, 1 << 20, 64 << 10, STACK };
	static const size_t guard_bytes[THREADS] = { 0, 0, 2 << 20, 0 };
	pthread_attr_t attributes;
	char *own = mmap(NULL, STACK + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Of the shape that libc's stacks have. */
	mprotect(own + PAGE, STACK, PROT_READ | PROT_WRITE);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_attr_init(&attributes);
		if (guard_bytes[i])
			pthread_attr_setguardsize(&attributes, guard_bytes[i]);
		if (i == THREADS - 1)
			pthread_attr_setstack(&attributes, own + PAGE, STACK);
		else if (stack_bytes[i])
			pthread_attr_setstacksize(&attributes, stack_bytes[i] + guard_bytes[i]);
		pthread_create(&thread[i], &attributes, live, i == THREADS - 1 ? own : NULL);
		sem_wait(&ready);
	}
}

/* Of the shape that libc's arenas have. */
static void own_arena(void)
{
	char *start = mmap(NULL, 2 * ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned = (char *)(((uintptr_t)start + ARENA) & ~((uintptr_t)ARENA - 1));

	mprotect(aligned, 33 * PAGE, PROT_READ | PROT_WRITE);
	say("anonymous", aligned, 33 * PAGE);
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	void *object, *block, *code;

	if (argc < 2)
		return 2;
	sem_init(&ready, 0, 0);
	sem_init(&leave, 0, 0);
	block = malloc(3 << 20);
	say("malloc-block", block, 3 << 20);
	say("heap", malloc(100), 100);
	say("main-stack", &block, sizeof(block));
	start_threads(thread);
	own_arena();
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("jit", code, PAGE);
	object = dlopen(argv[1], RTLD_NOW);
	say("text", dlsym(object, "kinds_text"), 1);
	say("bss", (char *)dlsym(object, "kinds_bss") + PAGE, 100000);
	say("data", dlsym(object, "kinds_data"), 5000);
	fflush(stdout);
	VMATRACE_MARK("look");
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&leave);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	free(block);
	return 0;
}
