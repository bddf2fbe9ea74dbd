/* page_rights: of eight pages each goes its own way, and one is left as it was. */
#include "answers.h"

int main(void)
{
	char *block = map(8 * PAGE);

	VMATRACE_MARK("mapped");
	mprotect(block, PAGE, PROT_READ);
	mprotect(block + PAGE, PAGE, PROT_NONE);
	mprotect(block + 2 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	mprotect(block, PAGE, PROT_READ | PROT_WRITE);
	munmap(block + 3 * PAGE, PAGE);
	mmap(block + 4 * PAGE, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(block + 5 * PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
	     -1, 0);
	mprotect(block + 6 * PAGE, PAGE, PROT_READ | PROT_EXEC); /* until it is moved */
	mremap(block + 6 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, block + 3 * PAGE);
	mprotect(block + PAGE, 2 * PAGE, PROT_READ);
	return 0;
}
