/*
 * reuse: maps and unmaps so that the kernel hands out the same addresses again; the last list of VMAs shows
 * nothing of an munmap in the middle. One page goes for good. For altered.py.
 */
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

static char *map(size_t pages)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	                0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

int main(void)
{
	char *kept = map(8);

	for (size_t i = 0; i < 6; i++) {
		size_t pages = 1 + i % 3;
		char *at = map(pages);

		if (mprotect(at, PAGE, PROT_READ) || munmap(at, pages * PAGE))
			return 1;
	}
	/* A hole, met by a call that fails at it. */
	return munmap(kept + 2 * PAGE, PAGE) || mprotect(kept, 4 * PAGE, PROT_READ) != -1;
}
