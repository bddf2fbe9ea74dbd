/*
 * overcommit: asks for more memory at once than the machine has, which the kernel promises to nobody unless it was
 * told to promise anything; then for address space without such a promise, which it gives. "later": memory that nobody may
 * touch is given, and to be able to write to it is what is asked for.
 */
#include <errno.h>
#include <sys/sysinfo.h>

#include "answers.h"

static void *ask(size_t bytes, int flags)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | flags, -1, 0); /* guilty */
}

static int open_up(char *memory, size_t bytes)
{
	return mprotect(memory, bytes, PROT_READ | PROT_WRITE); /* later */
}

int main(int argc, char **argv)
{
	struct sysinfo machine;
	char mode[8] = "";
	int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
	size_t bytes;

	if (read(fd, mode, sizeof(mode)) <= 0 || mode[0] != '0' || sysinfo(&machine))
		return 77;
	bytes = (machine.totalram + machine.totalswap) * machine.mem_unit + (1 << 30);
	(void)argv;
	if (argc > 1) {
		char *memory = mmap(NULL, bytes, PROT_NONE, ANONYMOUS, -1, 0);

		printf("asked %zu\n", bytes);
		return memory != MAP_FAILED && open_up(memory, bytes) && errno == ENOMEM ? 3 : 10;
	}
	if (ask(bytes, MAP_NORESERVE) == MAP_FAILED)
		return 10;
	return ask(bytes, 0) == MAP_FAILED && errno == ENOMEM ? 3 : 10;
}
