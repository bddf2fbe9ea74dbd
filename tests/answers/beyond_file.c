/* beyond_file: a file is mapped further than it reaches. */
#include "answers.h"

static char *map_file(int fd)
{
	return mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); /* guilty */
}

int main(void)
{
	char name[] = "/tmp/answers.XXXXXX";
	int fd = mkstemp(name);
	char *memory;

	if (fd < 0 || write(fd, "x", 1) != 1)
		return 10;
	unlink(name);
	memory = map_file(fd);
	printf("address %p\n", (void *)(memory + PAGE));
	fflush(stdout);
	memory[PAGE] = 1;
	return 0;
}
