/*
 * own_proc: the list of VMAs and the memory of this process, as files. /proc/self is its main thread: once that has
 * left (pthread_exit() in main), the list reads empty there and the memory cannot be opened
 * (linux:fs/proc/base.c, proc_mem_open). A thread that lives has both under /proc/thread-self (Linux 3.17), which
 * emulators (qemu-user) do not stand in for: it comes second.
 */
#ifndef VMATRACE_PRELOAD_OWN_PROC_H
#define VMATRACE_PRELOAD_OWN_PROC_H

#include <fcntl.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

/* The descriptors of these are the caller's to close. -errno: they cannot be opened. */
static inline long own_maps_open(void)
{
	long fd = RAW_4(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	char byte;

	if (raw_failed(fd) ? fd != -ESRCH
	                   : RAW_1(SYS_gettid, 0) == RAW_1(SYS_getpid, 0) ||
	                             RAW_4(SYS_pread64, fd, &byte, 1, 0) == 1)
		return fd;
	if (!raw_failed(fd))
		RAW_1(SYS_close, fd);
	return RAW_4(SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC, 0);
}

static inline long own_memory_open(void)
{
	long fd = RAW_4(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0);

	if (!raw_failed(fd))
		return fd;
	return RAW_4(SYS_openat, AT_FDCWD, "/proc/thread-self/mem", O_RDWR | O_CLOEXEC, 0);
}

#endif
