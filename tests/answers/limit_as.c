/*
 * limit_as: blocks are mapped until RLIMIT_AS forbids it. The limit is set first, and then the program
 * executed again, as a shell does it.
 */
#include <errno.h>
#include <sys/resource.h>

#include "answers.h"

static char *block_new(void)
{
	return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* guilty */
}

int main(int argc, char **argv)
{
	static const struct rlimit limit = { 512 << 20, 512 << 20 };

	if (argc == 1) {
		setrlimit(RLIMIT_AS, &limit);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		return 10;
	}
	for (int i = 0; i < 1024; i++) {
		if (block_new() == MAP_FAILED)
			return errno == ENOMEM ? 3 : 10;
	}
	return 0;
}
