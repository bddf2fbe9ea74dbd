/*
 * changes: of each sort of change one that carries something of its own: a mremap that moves, shared memory, memory
 * that was protected, a call of another thread, a stack that grows without a call.
 */
#include <pthread.h>

#include "answers.h"

static void *work(void *argument)
{
	map(3 * PAGE);
	return argument;
}

/* Further than a stack reaches to begin with. */
static int descend(int depth)
{
	volatile char frame[PAGE];

	frame[0] = (char)depth;
	return depth ? descend(depth - 1) + frame[0] : 0;
}

int main(void)
{
	char *block = map(2 * PAGE), *shared;
	pthread_t thread;

	mremap(block, PAGE, 64 * PAGE, MREMAP_MAYMOVE); /* the second page is in its way */
	mprotect(block + PAGE, PAGE, PROT_READ);
	shared = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	munmap(shared, 2 * PAGE);
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	return descend(200) < 0;
}
