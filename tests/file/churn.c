/*
 * churn: threads that map and unmap, each call saying what it is, until the process ends in one of many ways.
 *
 *     churn END THREADS ROUNDS STACKS [MILLISECONDS]
 *
 * Round n of thread t maps memory with offset (t << 24 | n) pages, which the kernel ignores of anonymous memory, and
 * with mix(offset) for a descriptor, which it ignores as well: a record of it can be told from a spoilt one by itself.
 * It is called through functions `left` and `right`, one for each bit of n % STACKS, so that its stack says
 * which it is.
 *
 * ROUNDS 0: no end of them; then END comes after MILLISECONDS.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long rounds, stacks;
static char *self;

static int mix(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15u;
	number = (number ^ (number >> 32)) * 0xbf58476d1ce4e5b9u;
	return (int)(number >> 33);
}

/* The pieces that are left of a round are unmapped in the next one: two rounds of a thread overlap. */
static __attribute__((noinline)) void one_round(uint64_t page)
{
	static __thread char *before;
	size_t length = 4096 * (2 + page % 3);
	char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                mix(page), (off_t)(page << 12));

	if (at == MAP_FAILED)
		abort();
	if (page % 7 == 0) {
		at = mremap(at, length, 2 * length, MREMAP_MAYMOVE);
		if (at == MAP_FAILED)
			abort();
		length *= 2;
	}
	if (mprotect(at, 4096, PROT_READ))
		abort();
	if (munmap(at + 4096, length - 4096) || (before && munmap(before, 4096)))
		abort();
	before = at;
}

static void choose(uint64_t page, unsigned long bits, unsigned long left_over);

static __attribute__((noinline)) void left(uint64_t page, unsigned long bits,
                                           unsigned long left_over)
{
	choose(page, bits, left_over);
	__asm__ volatile(""); /* no tail call */
}

static __attribute__((noinline)) void right(uint64_t page, unsigned long bits,
                                            unsigned long left_over)
{
	choose(page, bits, left_over);
	__asm__ volatile("");
}

/* bits: those still to say, below a leading one. */
static __attribute__((noinline)) void choose(uint64_t page, unsigned long bits,
                                             unsigned long left_over)
{
	if (left_over <= 1)
		one_round(page);
	else if (bits & 1)
		right(page, bits >> 1, left_over / 2);
	else
		left(page, bits >> 1, left_over / 2);
	__asm__ volatile("");
}

static void *churn(void *number)
{
	uint64_t thread = (uint64_t)(uintptr_t)number;

	for (unsigned long n = 0; !rounds || n < rounds; n++)
		choose(thread << 24 | (n & 0xffffff), n % stacks, stacks);
	return NULL;
}

static void *leave_group(void *nothing)
{
	(void)nothing;
	syscall(SYS_exit_group, 7);
	return NULL;
}

static void end(const char *way)
{
	pthread_t thread;
	char *const arguments[] = { self, "exit", "1", "3", "1", NULL };

	if (!strcmp(way, "_exit"))
		_exit(7);
	if (!strcmp(way, "quick_exit"))
		quick_exit(7);
	if (!strcmp(way, "exit_group") && !pthread_create(&thread, NULL, leave_group, NULL))
		pause();
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(way, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(way, "exec"))
		execv(self, arguments);
	exit(7);
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t thread[64];

	if (argc < 5 || threads > 64)
		return 2;
	self = argv[0];
	rounds = strtoul(argv[3], NULL, 10);
	stacks = strtoul(argv[4], NULL, 10);
	/* A single one is this one: nothing else happens beside it. */
	if (rounds && threads == 1)
		churn(NULL);
	else
		for (int i = 0; i < threads; i++)
			if (pthread_create(&thread[i], NULL, churn, (void *)(uintptr_t)i))
				return 3;
	if (argc > 5)
		usleep(1000 * (useconds_t)atoi(argv[5]));
	if (rounds && threads > 1)
		for (int i = 0; i < threads; i++)
			pthread_join(thread[i], NULL);
	end(argv[1]);
}
