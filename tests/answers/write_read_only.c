/* write_read_only: a table is written to after it was sealed. */
#include "answers.h"

static void seal(char *table)
{
	mprotect(table, PAGE, PROT_READ); /* guilty */
}

int main(void)
{
	char *table = map(2 * PAGE);

	table[0] = 1;
	seal(table);
	printf("address %p\n", (void *)table);
	fflush(stdout);
	table[0] = 2;
	return 0;
}
