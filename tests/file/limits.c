/*
 * limits: runs into limits, and says what came of it. For limits.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A list that is all holes: as many VMAs as there may be, and then none of them. */
static int maps(void)
{
	const size_t pages = 400000;
	char *all = mmap(NULL, pages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                 -1, 0);
	size_t made = 0;

	if (all == MAP_FAILED)
		return 1;
	while (made < pages && !mprotect(all + made * 4096, 4096, PROT_READ))
		made += 2;
	printf("%s after many: %d\n", strerror(errno), made > 30000 && made < pages);
	/* One in the middle would make two of one: that, too, is refused. */
	printf("munmap %d\n", munmap(all + pages * 4096 - 4096 * 4, 4096));
	printf("munmap %d\n", munmap(all, pages * 4096));
	return 0;
}

/* What can be told of locked memory without its size. */
static void say_locked(void)
{
	char line[256];
	unsigned long kibibytes = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "VmLck: %lu", &kibibytes);
	printf("locked: %s\n", kibibytes == 0 ? "none" : kibibytes < 16384 ? "some" : "too much");
}

static int lock(const char *flags, int raw)
{
	int number = atoi(flags);
	long status = raw ? syscall(SYS_mlockall, number) : mlockall(number);

	printf("mlockall %ld %s\n", status, status ? strerror(errno) : "");
	printf("mmap %d\n", mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                         -1, 0) != MAP_FAILED);
	say_locked();
	printf("mlockall %d\n", mlockall(MCL_CURRENT | MCL_FUTURE) == status);
	printf("munlockall %d\n", munlockall());
	say_locked();
	return 0;
}

static int map_and_unmap(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		void *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || munmap(at, 8192))
			return 2;
	}
	return 0;
}

/* From here on nothing can be opened; what is open stays. */
static int descriptors(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_NOFILE, &none) || map_and_unmap(2000))
		return 2;
	puts("done");
	return 0;
}

/* Writes until nothing more is granted; what the disk has by then is written back. */
static int quota(const char *path)
{
	static const char page[4096];
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (file < 0 || map_and_unmap(1500))
		return 2;
	while (write(file, page, sizeof(page)) > 0)
		;
	puts(strerror(errno));
	sync();
	if (map_and_unmap(6000) || unlink(path))
		return 2;
	puts("done");
	return 0;
}

int main(int argc, char **argv)
{
	const char *act = argc > 1 ? argv[1] : "";

	if (!strcmp(act, "maps"))
		return maps();
	if (!strcmp(act, "descriptors"))
		return descriptors();
	if (argc > 2 && !strncmp(act, "lock", 4))
		return lock(argv[2], !strcmp(act, "lock_raw"));
	if (argc > 2 && !strcmp(act, "quota"))
		return quota(argv[2]);
	if (argc > 2 && !strcmp(act, "space")) {
		void *at = mmap(NULL, strtoul(argv[2], NULL, 10), PROT_NONE,
		                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		printf("space %d\n", at != MAP_FAILED);
		return 0;
	}
	return 2;
}
