/* use_after_unmap: a buffer is used after it was given back. */
#include "answers.h"

static void release(char *buffer)
{
	munmap(buffer, 4 * PAGE); /* guilty */
}

int main(void)
{
	char *buffer = map(4 * PAGE);

	release(buffer);
	printf("address %p\n", (void *)(buffer + PAGE + 8));
	fflush(stdout);
	buffer[PAGE + 8] = 1;
	return 0;
}
