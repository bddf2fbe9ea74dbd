/*
 * many: as many events as asked for, from some call sites, with some mappings left: a trace to measure
 * commands on. tests/bench/answers records it with a ring that holds all of them.
 *
 *     many [EVENTS [LIVE]]    LIVE: mappings that are in use at a time
 */
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096u

static void *map(size_t pages)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

static __attribute__((noinline)) char *small(void)
{
	return map(4);
}

static __attribute__((noinline)) char *large(void)
{
	return map(32);
}

int main(int argc, char **argv)
{
	long events = argc > 1 ? atol(argv[1]) : 1000000;
	size_t live = argc > 2 ? (size_t)atol(argv[2]) : 2000;
	char **slots = calloc(live, sizeof(*slots));
	size_t *lengths = calloc(live, sizeof(*lengths));
	unsigned long random = 1;

	if (!slots || !lengths)
		return 10;
	for (long i = 0; i < events; i += 3) {
		size_t slot;

		random = random * 6364136223846793005u + 1442695040888963407u;
		slot = (random >> 33) % live;
		if (slots[slot])
			munmap(slots[slot], lengths[slot]);
		slots[slot] = random >> 63 ? small() : large();
		lengths[slot] = (random >> 63 ? 4 : 32) * PAGE;
		mprotect(slots[slot] + PAGE, PAGE, PROT_READ);
	}
	return 0;
}
