/*
 * overcommit: asks for more memory at once than the machine has, which the kernel promises to nobody unless it was
 * told to promise anything; then for address space without such a promise, which it gives.
 */
#include <errno.h>
#include <sys/sysinfo.h>

#include "answers.h"

static void *ask(size_t bytes, int flags)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, ANONYMOUS | flags, -1, 0); /* guilty */
}

int main(void)
{
	struct sysinfo machine;
	char mode[8] = "";
	int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
	size_t bytes;

	if (read(fd, mode, sizeof(mode)) <= 0 || mode[0] != '0' || sysinfo(&machine))
		return 77;
	bytes = (machine.totalram + machine.totalswap) * machine.mem_unit + (1 << 30);
	if (ask(bytes, MAP_NORESERVE) == MAP_FAILED)
		return 10;
	return ask(bytes, 0) == MAP_FAILED && errno == ENOMEM ? 3 : 10;
}
