/*
 * real.c: resolves the next definitions, one row each. Before that, raw system calls stand in for those
 * that an IFUNC resolver or another early bird may make; the rest fails with ENOSYS.
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

static long with_errno(long result)
{
	if (!raw_failed(result))
		return result;
	errno = (int)-result;
	return -1;
}

static void *raw_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return (void *)with_errno(RAW_6(SYS_mmap, addr, length, prot, flags, fd, offset));
}

static int raw_munmap(void *addr, size_t length)
{
	return (int)with_errno(RAW_2(SYS_munmap, addr, length));
}

static int raw_mprotect(void *addr, size_t length, int prot)
{
	return (int)with_errno(RAW_3(SYS_mprotect, addr, length, prot));
}

static int raw_madvise(void *addr, size_t length, int advice)
{
	return (int)with_errno(RAW_3(SYS_madvise, addr, length, advice));
}

static ssize_t raw_process_madvise(int pidfd, const struct iovec *ranges, size_t count, int advice,
                                   unsigned flags)
{
	return with_errno(RAW_5(SYS_process_madvise, pidfd, ranges, count, advice, flags));
}

static long raw_syscall(long number, ...)
{
	long word[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		word[i] = va_arg(list, long);
	va_end(list);
	return with_errno(RAW_6(number, word[0], word[1], word[2], word[3], word[4], word[5]));
}

static int raw_prctl(int option, ...)
{
	long word[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		word[i] = va_arg(list, long);
	va_end(list);
	return (int)with_errno(RAW_5(SYS_prctl, option, word[0], word[1], word[2], word[3]));
}

static int raw_clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)with_errno(RAW_2(SYS_clock_gettime, clock, now));
}

static long not_yet(void)
{
	errno = ENOSYS;
	return -1;
}

#define NEXT(name)                                                                                 \
	{                                                                                          \
#name, offsetof(struct real, name)                                                 \
	}

static const struct {
	const char *name;
	size_t offset;
} nexts[] = {
	NEXT(dl_iterate_phdr),
	NEXT(clock_gettime),
	NEXT(mmap),
	NEXT(munmap),
	NEXT(mprotect),
	NEXT(madvise),
	NEXT(syscall),
	NEXT(prctl),
	NEXT(brk),
	NEXT(sbrk),
	NEXT(shm_open),
	NEXT(shm_unlink),
	NEXT(mremap),
	NEXT(posix_madvise),
	NEXT(shmat),
	NEXT(shmdt),
	NEXT(pkey_mprotect),
	NEXT(mlock),
	NEXT(mlock2),
	NEXT(munlock),
	NEXT(mlockall),
	NEXT(munlockall),
	NEXT(remap_file_pages),
	NEXT(memfd_create),
	NEXT(execve),
	NEXT(execvp),
	NEXT(execvpe),
	NEXT(fexecve),
	NEXT(execveat),
	NEXT(posix_spawn),
	NEXT(posix_spawnp),
	NEXT(process_madvise),
};

/* What holds before the constructor. The casts of not_yet agree on the one thing it does: return -1. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
#define NOT_YET(name) .name = (__typeof__(real.name))not_yet

struct real real = {
	.mmap = raw_mmap,
	.munmap = raw_munmap,
	.mprotect = raw_mprotect,
	.madvise = raw_madvise,
	.syscall = raw_syscall,
	.prctl = raw_prctl,
	.clock_gettime = raw_clock_gettime,
	.process_madvise = raw_process_madvise,
	NOT_YET(brk),
	NOT_YET(sbrk),
	NOT_YET(shm_open),
	NOT_YET(shm_unlink),
	NOT_YET(mremap),
	NOT_YET(posix_madvise),
	NOT_YET(shmat),
	NOT_YET(shmdt),
	NOT_YET(pkey_mprotect),
	NOT_YET(mlock),
	NOT_YET(mlock2),
	NOT_YET(munlock),
	NOT_YET(mlockall),
	NOT_YET(munlockall),
	NOT_YET(remap_file_pages),
	NOT_YET(memfd_create),
	NOT_YET(execve),
	NOT_YET(execvp),
	NOT_YET(execvpe),
	NOT_YET(fexecve),
	NOT_YET(execveat),
	NOT_YET(posix_spawn),
	NOT_YET(posix_spawnp),
};
#pragma GCC diagnostic pop

void real_resolve(void)
{
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		void **place = (void **)((char *)&real + nexts[i].offset);
		void *next = dlsym(RTLD_NEXT, nexts[i].name);

		if (next)
			*place = next;
	}
	real.libc_start_main = dlsym(RTLD_NEXT, "__libc_start_main");
}
