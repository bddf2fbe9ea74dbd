/*
 * calls: mmap and munmap from stacks of every kind of frame, for gdb and the recorder to say whose they are:
 * the functions of tests/trace/unwind_shapes.c in random order, a thread's first frames, a call through a
 * library's PLT, a tail call.
 *
 *     calls [STACKS [SEED]]
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../trace/unwind_shapes.h"

void library_calls(void (*back)(void));

static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* xorshift64 (Marsaglia 2003). */
static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void call(void)
{
	void *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, 8192))
		abort();
}

void descend(int depth)
{
	static const struct shape *const set[] = { shapes_unoptimized, shapes_optimized,
		                                   shapes_size };
	const struct shape *shape;
	int shapes = 0;

	if (depth <= 0) {
		call();
		return;
	}
	while (set[0][shapes].name)
		shapes++;
	do
		shape = &set[random_word() % 3][random_word() % (uint64_t)shapes];
	/* A breakpoint of the program's own would be gdb's. */
	while (!strcmp(shape->name, "trap"));
	shape->call(depth);
}

static void *run_thread(void *argument)
{
	call();
	descend(*(int *)argument);
	return NULL;
}

/* The last thing it does is a jump, at -O2: the frame is not there any more. */
__attribute__((noinline)) static void *tail(void *page)
{
	return mremap(page, 8192, 4096, 0);
}

__attribute__((noinline)) static void *tail_of_tail(void *page)
{
	__asm__ volatile("" : : : "memory");
	return tail(page);
}

int main(int argc, char **argv)
{
	long stacks = argc > 1 ? atol(argv[1]) : 100;

	if (argc > 2)
		random_state = strtoull(argv[2], NULL, 0);
	for (long i = 0; i < stacks; i++) {
		int depth = (int)(random_word() % 24);
		pthread_t thread;
		void *page;

		switch (i % 8) {
		case 0:
			if (!pthread_create(&thread, NULL, run_thread, &depth))
				pthread_join(thread, NULL);
			break;
		case 1:
			library_calls(call);
			break;
		case 2:
			page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			munmap(tail_of_tail(page), 4096);
			break;
		default:
			descend(depth);
		}
	}
	return 0;
}
