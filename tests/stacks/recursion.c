/* recursion: one call from each depth up to 200. */
#include <stdlib.h>
#include <sys/mman.h>

static volatile int sink;

__attribute__((noinline)) static void descend(int depth)
{
	if (depth == 0) {
		void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || munmap(page, 4096))
			abort();
	} else {
		descend(depth - 1);
	}
	sink++;
}

int main(void)
{
	for (int depth = 0; depth <= 200; depth++)
		descend(depth);
	return 0;
}
