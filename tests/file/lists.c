/*
 * lists: makes a process of so many VMAs, and goes on mapping. For wrap.py.
 *
 *     lists COUNT [beside]
 *
 * beside: while another thread maps more, below all others, where a list that takes its time has been already.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MOST = 20000 }; /* of the other thread's */

static int over;

static void *map_more(void *unused)
{
	for (int i = 0; i < MOST && !__atomic_load_n(&over, __ATOMIC_RELAXED); i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		         -1, 0) == MAP_FAILED)
			exit(4);
	return unused;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	char *all = mmap(NULL, count * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t other;

	if (all == MAP_FAILED)
		return 1;
	/* Every other page is another VMA. */
	for (size_t i = 0; i < count; i += 2)
		if (mprotect(all + i * 4096, 4096, PROT_READ | PROT_WRITE))
			return 2;
	if (argc > 2 && pthread_create(&other, NULL, map_more, NULL))
		return 5;
	for (size_t i = 0; i < count / 2; i++)
		if (mprotect(all + i % 2 * 4096, 4096, i & 2 ? PROT_READ : PROT_WRITE))
			return 3;
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	if (argc > 2)
		pthread_join(other, NULL);
	return 0;
}
