/* truncated_file: a file is cut while it is mapped. No call on its memory did that: what is told is who mapped it. */
#include "answers.h"

static char *map_file(int fd)
{
	return mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0); /* guilty */
}

int main(void)
{
	char name[] = "/tmp/answers.XXXXXX";
	int fd = mkstemp(name);
	volatile char *memory;

	if (fd < 0 || ftruncate(fd, 4 * PAGE) != 0)
		return 10;
	unlink(name);
	memory = map_file(fd);
	if (memory[3 * PAGE] != 0 || ftruncate(fd, PAGE) != 0)
		return 11;
	printf("address %p\n", (void *)(memory + 2 * PAGE));
	fflush(stdout);
	return memory[2 * PAGE];
}
