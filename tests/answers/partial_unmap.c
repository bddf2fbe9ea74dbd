/* partial_unmap: of each mapping all but its last page is given back. */
#include "answers.h"

static char *take(void)
{
	return mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* guilty */
}

int main(void)
{
	say_maps("begin");
	for (int i = 0; i < 10; i++)
		munmap(take(), 7 * PAGE);
	say_maps("end");
	return 0;
}
