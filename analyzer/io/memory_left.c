/*
 * memory_left: see the header.
 */
#include "memory_left.h"

#include <sys/mman.h>
#include <sys/resource.h>

bool memory_is_limited(void)
{
	struct rlimit space, data;

	return (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) ||
	       (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur != RLIM_INFINITY);
}

bool memory_left(size_t bytes)
{
	/* Not by malloc(), which remembers that somebody wanted so much. */
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory != MAP_FAILED && munmap(memory, bytes) == 0;
}
