/* moved_away: a pointer into a table is kept while mremap moves it. */
#include "answers.h"

static char *grow(char *table)
{
	return mremap(table, PAGE, 64 * PAGE, MREMAP_MAYMOVE); /* guilty */
}

int main(void)
{
	char *block = map(2 * PAGE);
	char *table = block;

	grow(table); /* the second page is in its way */
	printf("address %p\n", (void *)table);
	fflush(stdout);
	table[0] = 1;
	return 0;
}
