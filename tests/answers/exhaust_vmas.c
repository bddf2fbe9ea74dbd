/* exhaust_vmas: every second page of one mapping gets other rights, until there are too many VMAs. */
#include <errno.h>

#include "answers.h"

static int seal(char *page)
{
	return mprotect(page, PAGE, PROT_READ); /* guilty */
}

int main(void)
{
	size_t pages = 1 << 17;
	char *memory =
		mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (size_t page = 1; page < pages; page += 2) {
		if (seal(memory + page * PAGE) == 0)
			continue;
		if (errno != ENOMEM)
			return 10;
		printf("failed at %zu\n", page);
		return 3;
	}
	return 0;
}
