/*
 * pairs: mmap and munmap of one page, over and over, from a stack of a chosen depth. Prints nanoseconds for
 * each pair, one line a round, after one round that is not counted. It only calls; who traces it is run's
 * business.
 *
 *     pairs [PAIRS [ROUNDS [FRAMES]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "deep.h"

static long pairs = 20000;
static int rounds = 5;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void map_and_unmap(void)
{
	for (long i = 0; i < pairs; i++) {
		void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		                  -1, 0);

		if (page == MAP_FAILED || munmap(page, 4096))
			abort();
	}
}

static void measure(void)
{
	map_and_unmap();
	for (int round = 0; round < rounds; round++) {
		double start = now_ns();

		map_and_unmap();
		printf("%.1f\n", (now_ns() - start) / (double)pairs);
	}
}

int main(int argc, char **argv)
{
	int frames = argc > 3 ? atoi(argv[3]) : 16;

	if (argc > 1)
		pairs = atol(argv[1]);
	if (argc > 2)
		rounds = atoi(argv[2]);
	/* The others are _start, two of libc, main, deep(), measure() and map_and_unmap(). */
	deep(frames > 7 ? frames - 7 : 0, measure);
	return 0;
}
