/*
 * pairs: mmap and munmap of one page, over and over, from a stack of a chosen depth. Prints nanoseconds for
 * each pair, one line a round, after one round that is not counted. It only calls; who traces it is run's
 * business.
 *
 *     pairs [PAIRS [ROUNDS [FRAMES [THREADS [new]]]]]
 *
 * THREADS: each makes PAIRS; a round's time is divided by the pairs of all. new: every pair from a stack that
 * there was not before.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "deep.h"

enum { THREADS_LIMIT = 64 };

static long pairs = 20000;
static int rounds = 5;
static int frames = 16;
static int threads = 1;
static void (*make_pairs)(void);
static pthread_barrier_t barrier;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void map_and_unmap(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, 4096))
		abort();
}

static void from_one_stack(void)
{
	for (long i = 0; i < pairs; i++)
		map_and_unmap();
}

static void from_new_stacks(void)
{
	static _Thread_local unsigned long number;

	for (long i = 0; i < pairs; i++)
		deep_by_number(frames > 9 ? frames - 9 : 0, number++, map_and_unmap);
}

static void measure(void)
{
	make_pairs();
	for (int round = 0; round < rounds; round++) {
		double start;

		pthread_barrier_wait(&barrier);
		start = now_ns();
		make_pairs();
		/* The last thread's end is the round's. */
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			printf("%.1f\n", (now_ns() - start) / (double)(pairs * threads));
	}
}

static void *run(void *argument)
{
	(void)argument;
	/* The others are _start, two of libc, main, run(), deep(), measure(), from_...() and map_and_unmap(). */
	deep(make_pairs == from_one_stack && frames > 9 ? frames - 9 : 0, measure);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS_LIMIT];

	if (argc > 1)
		pairs = atol(argv[1]);
	if (argc > 2)
		rounds = atoi(argv[2]);
	if (argc > 3)
		frames = atoi(argv[3]);
	if (argc > 4)
		threads = atoi(argv[4]);
	if (argc > 5 && !strcmp(argv[5], "new") &&
	    (frames < 16 || pairs > (2 << 20) / (rounds + 1))) {
		fputs("pairs: new stacks are 2^21, from 16 frames on\n", stderr);
		return 2;
	}
	make_pairs = argc > 5 && !strcmp(argv[5], "new") ? from_new_stacks : from_one_stack;
	if (threads < 1 || threads > THREADS_LIMIT)
		return 2;
	pthread_barrier_init(&barrier, NULL, (unsigned)threads);
	for (int i = 1; i < threads; i++)
		pthread_create(&thread[i], NULL, run, NULL);
	run(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
