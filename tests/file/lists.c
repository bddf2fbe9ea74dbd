/*
 * lists: makes a process of so many VMAs, and goes on mapping. For wrap.py.
 */
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	char *all = mmap(NULL, count * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		return 1;
	/* Every other page is another VMA. */
	for (size_t i = 0; i < count; i += 2)
		if (mprotect(all + i * 4096, 4096, PROT_READ | PROT_WRITE))
			return 2;
	for (size_t i = 0; i < count / 2; i++)
		if (mprotect(all + i % 2 * 4096, 4096, i & 2 ? PROT_READ : PROT_WRITE))
			return 3;
	return 0;
}
