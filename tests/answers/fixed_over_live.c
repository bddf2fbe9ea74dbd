/* fixed_over_live: MAP_FIXED takes the place of a mapping that is in use. */
#include "answers.h"

static void clobber(char *where)
{
	mmap(where, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0); /* guilty */
}

int main(void)
{
	char *data = map(4 * PAGE);

	memset(data, 1, 4 * PAGE);
	clobber(data + 2 * PAGE);
	printf("address %p\n", (void *)(data + 2 * PAGE));
	fflush(stdout);
	data[2 * PAGE] = 2;
	return 0;
}
