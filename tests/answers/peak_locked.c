/*
 * peak_locked: the call that makes the address space largest locks what it maps. What ld.so had mapped for a while
 * is less than the block before it; what may be locked need not be much.
 */
#include "answers.h"

int main(void)
{
	char *block = map(16 << 20), *locked;

	if (mlockall(MCL_FUTURE) != 0)
		return 77;
	locked = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
	if (locked == MAP_FAILED)
		return 77;
	munmap(locked, 4 * PAGE);
	munlockall();
	munmap(block, 16 << 20);
	return 0;
}
