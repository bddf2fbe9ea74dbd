/*
 * two_mappings: a page is writable by one mapping and executable by another; then what looks like it: other pages
 * of one file, a private copy, one mapping after the other.
 */
#include "answers.h"

static int memory_new(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return ftruncate(fd, 4 * PAGE) == 0 ? fd : -1;
}

static char *writable(int fd, int flags, off_t offset)
{
	return mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, flags, fd, offset);
}

static char *executable(int fd, int flags, off_t offset)
{
	return mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, flags, fd, offset);
}

static void both(void)
{
	int fd = memory_new("both");
	char *data = writable(fd, MAP_SHARED, 0);

	mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, PAGE); /* guilty */
	data[PAGE] = (char)0xc3;
}

/* Code first, and by a private mapping; the rights come later. */
static void later(void)
{
	int fd = memory_new("later");
	char *code = executable(fd, MAP_PRIVATE, 0);
	char *data = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	mprotect(data, PAGE, PROT_READ | PROT_WRITE); /* later */
	(void)code;
}

static void neither(void)
{
	int beside = memory_new("beside"), copy = memory_new("copy"), after = memory_new("after");
	int zero = open("/dev/zero", O_RDWR); /* new memory each time it is mapped */
	char *data;

	writable(beside, MAP_SHARED, 0);
	executable(beside, MAP_SHARED, 2 * PAGE);
	writable(copy, MAP_PRIVATE, 0);
	executable(copy, MAP_SHARED, 0);
	data = writable(after, MAP_SHARED, 0);
	munmap(data, 2 * PAGE);
	executable(after, MAP_SHARED, 0);
	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	writable(zero, MAP_SHARED, 0);
	executable(zero, MAP_SHARED, 0);
	executable(zero, MAP_PRIVATE, 0);
}

int main(void)
{
	both();
	later();
	neither();
	return 0;
}
