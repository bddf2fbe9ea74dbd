/* shared_moved: mappings of one shm object that mremap makes larger, copies, makes smaller and writes over. */
#include "answers.h"

static void *failed(void *memory)
{
	if (memory == MAP_FAILED)
		exit(10);
	return memory;
}

int main(void)
{
	char name[64], *one, *two, *copy, *other;
	int fd;

	snprintf(name, sizeof(name), "/shared_moved.%d", (int)getpid());
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600); /* creates */
	if (ftruncate(fd, 8 * PAGE) != 0)
		return 10;
	one = failed(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE)); /* maps one page */
	one = failed(mremap(one, PAGE, 4 * PAGE, MREMAP_MAYMOVE));           /* grows by three */
	munmap(one, 3 * PAGE);                                               /* unmaps three */
	copy = failed(mremap(one + 3 * PAGE, 0, PAGE, MREMAP_MAYMOVE));      /* copies one */
	two = failed(mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0));    /* maps four */
	failed(mremap(two, 4 * PAGE, PAGE, 0));                              /* shrinks by three */
	other = map(PAGE);
	failed(mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, two)); /* writes over one */
	shm_unlink(name);                                                      /* unlinks */
	return copy == one;
}
