/*
 * one_row: neighbours that look alike are one row of /proc/PID/maps, whoever mapped them. Stacks lie below blocks of
 * malloc (Linux 6.7 and later keep those two apart by a flag that maps does not show), blocks beside the program's
 * own mappings. Where each begins and ends is told by who knows it: the thread, malloc, mmap.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmatrace/mark.h"

enum { THREADS = 3, PAGE = 4096 };

static pthread_barrier_t told;
static pthread_barrier_t looked_at;

static void *live(void *name)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	pthread_setname_np(pthread_self(), name);
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &bytes);
	printf("stack %lx %lx %d %s\n", (uintptr_t)low, (uintptr_t)low + bytes, gettid(),
	       (char *)name);
	pthread_attr_destroy(&attributes);
	pthread_barrier_wait(&told);
	pthread_barrier_wait(&looked_at);
	return NULL;
}

/* A chunk of its own mapping: two words of malloc's lie before it. */
static void block(size_t bytes)
{
	char *memory = malloc(bytes);
	uintptr_t start = (uintptr_t)memory & ~(uintptr_t)(PAGE - 1);

	printf("block %lx %lx\n", start, (uintptr_t)memory + malloc_usable_size(memory));
}

static void own(size_t bytes)
{
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("own %lx %lx\n", (uintptr_t)memory, (uintptr_t)memory + bytes);
}

int main(void)
{
	static char names[THREADS][8] = { "one", "two", "three" };
	pthread_t threads[THREADS];
	FILE *maps;
	int letter;

	pthread_barrier_init(&told, NULL, THREADS + 1);
	pthread_barrier_init(&looked_at, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++) {
		block((1 + (size_t)i) << 20);
		if (i) {
			own(64 << 10);
			block(1 << 20);
		}
		pthread_create(&threads[i], NULL, live, names[i]);
	}
	pthread_barrier_wait(&told);
	maps = fopen("/proc/self/maps", "r");
	while ((letter = getc(maps)) != EOF)
		putchar(letter);
	VMATRACE_MARK("joined");
	pthread_barrier_wait(&looked_at);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
