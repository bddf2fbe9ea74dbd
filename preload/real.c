/*
 * real.c: resolves the next definitions, one row each. What has none gets a stand-in: the raw system call, or a
 * function that fails with ENOSYS.
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "early.h"
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

static long none(void)
{
	errno = ENOSYS;
	return -1;
}

/* Where errno is cannot be known yet. */
static long none_early(void)
{
	return -1;
}

/* The casts of none agree on the one thing it does: return -1. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
typedef void any_fn(void);

#define NEXT(name, otherwise)                                                                      \
	{                                                                                          \
#name, offsetof(struct real, name), (any_fn *)(otherwise)                          \
	}

/* The names lie in the rows, and are no pointers: early.h. */
static const struct {
	char name[20];
	uint16_t offset;
	any_fn *stand_in;
} nexts[] = {
	NEXT(dl_iterate_phdr, none),
	NEXT(clock_gettime, raw_clock_gettime),
	NEXT(mmap, raw_mmap),
	NEXT(munmap, raw_munmap),
	NEXT(mprotect, raw_mprotect),
	NEXT(madvise, raw_madvise),
	NEXT(syscall, raw_syscall),
	NEXT(prctl, raw_prctl),
	NEXT(brk, none),
	NEXT(sbrk, none),
	NEXT(shm_open, none),
	NEXT(shm_unlink, none),
	NEXT(mremap, none),
	NEXT(posix_madvise, none),
	NEXT(shmat, none),
	NEXT(shmdt, none),
	NEXT(pkey_mprotect, none),
	NEXT(mlock, none),
	NEXT(mlock2, none),
	NEXT(munlock, none),
	NEXT(mlockall, none),
	NEXT(munlockall, none),
	NEXT(remap_file_pages, none),
	NEXT(memfd_create, none),
	NEXT(execve, none),
	NEXT(execv, none),
	NEXT(execvp, none),
	NEXT(execvpe, none),
	NEXT(fexecve, none),
	NEXT(execveat, none),
	NEXT(posix_spawn, none),
	NEXT(posix_spawnp, none),
	NEXT(process_madvise, raw_process_madvise),
};
#pragma GCC diagnostic pop

enum { NEXTS = sizeof(nexts) / sizeof(nexts[0]) };

/* Zero until resolved: nothing that relocating this library would write over. */
struct real real;

static void **place_of(unsigned row)
{
	return (void **)((char *)&real + nexts[row].offset);
}

void real_resolve_early(void)
{
	long (*const otherwise)(void) = none_early;

	for (unsigned i = 0; !real.resolved && i < NEXTS; i++) {
		void *next = early_next(nexts[i].name);

		*place_of(i) = next ? next : *(void *const *)&otherwise;
	}
	real.resolved = true;
}

void real_resolve(void)
{
	for (unsigned i = 0; i < NEXTS; i++) {
		void *next = dlsym(RTLD_NEXT, nexts[i].name);

		*place_of(i) = next ? next : *(void *const *)&nexts[i].stand_in;
	}
	real.resolved = true;
	real.libc_start_main = dlsym(RTLD_NEXT, "__libc_start_main");
}
