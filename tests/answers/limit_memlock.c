/* limit_memlock: more is locked than RLIMIT_MEMLOCK allows; a hole is no matter of limits. */
#include <errno.h>
#include <sys/resource.h>

#include "answers.h"

static int pin(char *memory, size_t bytes)
{
	return mlock(memory, bytes); /* guilty */
}

static int pin_hole(char *memory, size_t bytes)
{
	return mlock(memory, bytes);
}

int main(int argc, char **argv)
{
	static const struct rlimit limit = { 1 << 20, 1 << 20 };
	char *memory;

	if (argc == 1) {
		setrlimit(RLIMIT_MEMLOCK, &limit);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		return 10;
	}
	/* The limit is not for those who may lock all they like: give the right up. */
	if (geteuid() == 0 && setuid(65534) != 0)
		return 77;
	memory = map(4 << 20);
	if (pin(memory, 512 << 10) != 0 || pin(memory + (1 << 20), 2 << 20) == 0)
		return 10;
	munmap(memory + (3 << 20), PAGE);
	return pin_hole(memory + (3 << 20) - PAGE, 2 * PAGE) == 0 ? 10 : 3;
}
