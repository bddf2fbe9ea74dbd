/* mremap_leak: a table grows, moves, and is never given back. */
#include "answers.h"

static char *grow(char *table, size_t from, size_t to)
{
	return mremap(table, from, to, MREMAP_MAYMOVE); /* guilty */
}

int main(void)
{
	char *table;

	say_maps("begin");
	table = map(PAGE);
	for (size_t pages = 1; pages < 64; pages *= 2)
		table = grow(table, pages * PAGE, 2 * pages * PAGE);
	table[0] = 1;
	say_maps("end");
	return 0;
}
