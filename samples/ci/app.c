/*
 * app: a program with an address space to be judged: it makes a table, uses it and gives it back. Built with
 * -DKEEP_IT it forgets the last step, and the check of CMakeLists.txt fails.
 */
#include <string.h>
#include <sys/mman.h>

#define BYTES ((size_t)4 << 20)

static void *make_table(void)
{
	return mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
	void *table = make_table();

	if (table == MAP_FAILED)
		return 1;
	memset(table, 1, BYTES);
#ifndef KEEP_IT
	munmap(table, BYTES);
#endif
	return 0;
}
