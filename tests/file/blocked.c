/*
 * blocked: threads that are inside a call for good, each in another one, when the process ends.
 *
 *     blocked END      says "TID CALL ADDRESS" of each, then is ended by END: kill, abort, segv, _exit, exit, exec
 *
 * Nobody answers the faults of the memory that they want (userfaultfd(2)); that they have been met says that the
 * threads wait. Status 77: the kernel gives no userfaultfd, or not to this user.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096, CALLS = 3 };

static char *wanted;

static void say(const char *call, const char *address)
{
	dprintf(1, "%ld %s %lu\n", syscall(SYS_gettid), call, (unsigned long)address);
}

static void *in_mlock(void *address)
{
	say("mlock", address);
	mlock(address, PAGE);
	return NULL;
}

static void *in_madvise(void *address)
{
	say("madvise", address);
	madvise(address, PAGE, MADV_POPULATE_WRITE);
	return NULL;
}

static void *in_mlock2(void *address)
{
	say("mlock2", address);
	mlock2(address, PAGE, 0);
	return NULL;
}

static long memory_of_nobody(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	wanted = mmap(NULL, CALLS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	              0);
	range.range.start = (uint64_t)wanted;
	range.range.len = CALLS * PAGE;
	if (fd < 0 || wanted == MAP_FAILED || ioctl((int)fd, UFFDIO_API, &api) ||
	    ioctl((int)fd, UFFDIO_REGISTER, &range))
		return -1;
	return fd;
}

static void end(const char *way, char *self)
{
	char *const again[] = { self, "exit_at_once", NULL };

	if (!strcmp(way, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(way, "_exit"))
		_exit(7);
	if (!strcmp(way, "exec"))
		execv(self, again);
	exit(7);
}

int main(int argc, char **argv)
{
	void *(*const block[CALLS])(void *) = { in_mlock, in_madvise, in_mlock2 };
	struct uffd_msg message;
	pthread_t thread;
	long fd;

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "exit_at_once"))
		return 7;
	fd = memory_of_nobody();
	if (fd < 0)
		return 77;
	for (int i = 0; i < CALLS; i++)
		if (pthread_create(&thread, NULL, block[i], wanted + i * PAGE))
			return 3;
	for (int i = 0; i < CALLS; i++)
		if (read((int)fd, &message, sizeof(message)) != sizeof(message))
			return 4;
	end(argv[1], argv[0]);
}
