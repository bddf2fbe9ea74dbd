/* double_unmap: a buffer is given back twice; what is taken the second time is somebody else's by then. */
#include "answers.h"

static void release(char *buffer)
{
	munmap(buffer, 4 * PAGE); /* guilty */
}

static char *others_new(char *place)
{
	return mmap(place, 4 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* victim */
}

int main(void)
{
	char *mine = map(4 * PAGE);
	char *theirs;

	release(mine);
	theirs = others_new(mine);
	if (theirs != mine)
		return 10;
	theirs[PAGE] = 1;
	release(mine);
	printf("address %p\n", (void *)(theirs + PAGE));
	fflush(stdout);
	theirs[PAGE] = 2;
	return 0;
}
