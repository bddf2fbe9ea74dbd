/* shm_never_unlinked: two objects are made, one of them is unlinked. */
#include "answers.h"

static int object_new(const char *name)
{
	return shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600); /* guilty */
}

int main(int argc, char **argv)
{
	char names[2][64];
	char *memory;
	int fd;

	(void)argc;
	for (int i = 0; i < 2; i++) {
		snprintf(names[i], sizeof(names[i]), "/%.40s.%d.%d", strrchr(argv[0], '/') + 1,
		         (int)getpid(), i);
		fd = object_new(names[i]);
		if (fd < 0 || ftruncate(fd, PAGE) != 0)
			return 10;
		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		memory[0] = 1;
		munmap(memory, PAGE);
		close(fd);
	}
	shm_unlink(names[0]);
	printf("left %s\n", names[1]);
	return 0;
}
