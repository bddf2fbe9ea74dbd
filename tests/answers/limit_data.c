/* limit_data: the same with RLIMIT_DATA, which counts private writable memory. */
#include <errno.h>
#include <sys/resource.h>

#include "answers.h"

static char *block_new(void)
{
	return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* guilty */
}

int main(int argc, char **argv)
{
	static const struct rlimit limit = { 256 << 20, 256 << 20 };

	if (argc == 1) {
		setrlimit(RLIMIT_DATA, &limit);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		return 10;
	}
	/* What is read-only, or shared, does not count. */
	if (mmap(NULL, 512 << 20, PROT_READ, ANONYMOUS, -1, 0) == MAP_FAILED)
		return 10;
	for (int i = 0; i < 1024; i++) {
		if (block_new() == MAP_FAILED)
			return errno == ENOMEM ? 3 : 10;
	}
	return 0;
}
