/*
 * grows: a program that changes, for the tests of baselines. Built several times: as it is, with its lines
 * moved, with a call more in a new function (-DNEW_FUNCTION) or in an old one (-DNEW_LINE), with one function
 * gone (-DGONE) or written into another by hand (-DMERGED), and by other optimisation levels.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

/* Calls that follow a call keep it from becoming a jump, which would take a frame out of the stack. */
__attribute__((unused)) static void *pages(size_t count)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *mapped = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);

	(void)getpid();
	return mapped;
}

static void load(size_t count)
{
#ifdef MERGED /* what an optimiser might do */
	void *mapped = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);
#else
	void *mapped = pages(count);
#endif

	mprotect(mapped, count * PAGE, PROT_READ);
	munmap(mapped, count * PAGE);
	(void)getpid();
}

#ifndef GONE
static void work(int times)
{
	for (int i = 0; i < times; i++)
		load(2);
	(void)getpid();
}
#endif

#ifdef NEW_FUNCTION
static void extra(void)
{
	munmap(pages(1), PAGE); /* found: extra */
	(void)getpid();
}
#endif

int main(int argc, char **argv)
{
	load(4);
#ifdef NEW_LINE
	load(8); /* the call that counts is the one inside: main does it twice */
	munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
#endif
#ifdef NEW_FUNCTION
	extra();
#endif
#ifndef GONE
	work(argc > 1 ? atoi(argv[1]) : 3);
#endif
	munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return 0;
}
