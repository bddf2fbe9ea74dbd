/*
 * real: the next definitions of the wrapped functions, resolved once in the constructor and never in a
 * call (dlsym may allocate, and an allocator's lock may be held there). The first call before the constructor
 * resolves them too, by other means (early.h).
 */
#ifndef VMATRACE_PRELOAD_REAL_H
#define VMATRACE_PRELOAD_REAL_H

#include <link.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

struct real {
	void *(*mmap)(void *, size_t, int, int, int, off_t);
	int (*munmap)(void *, size_t);
	int (*mprotect)(void *, size_t, int);
	int (*brk)(void *);
	void *(*sbrk)(intptr_t);
	int (*shm_open)(const char *, int, mode_t);
	int (*shm_unlink)(const char *);
	void *(*mremap)(void *, size_t, size_t, int, ...);
	int (*madvise)(void *, size_t, int);
	int (*posix_madvise)(void *, size_t, int);
	void *(*shmat)(int, const void *, int);
	int (*shmdt)(const void *);
	int (*pkey_mprotect)(void *, size_t, int, int);
	int (*mlock)(const void *, size_t);
	int (*mlock2)(const void *, size_t, unsigned);
	int (*munlock)(const void *, size_t);
	int (*mlockall)(int);
	int (*munlockall)(void);
	int (*remap_file_pages)(void *, size_t, int, size_t, int);
	int (*memfd_create)(const char *, unsigned);
	int (*prctl)(int, ...);
	long (*syscall)(long, ...);
	int (*execve)(const char *, char *const *, char *const *);
	int (*execv)(const char *, char *const *);
	int (*execvp)(const char *, char *const *);
	int (*execvpe)(const char *, char *const *, char *const *);
	int (*fexecve)(int, char *const *, char *const *);
	int (*execveat)(int, const char *, char *const *, char *const *, int);
	int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
	                   const posix_spawnattr_t *, char *const *, char *const *);
	int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
	                    const posix_spawnattr_t *, char *const *, char *const *);
	void *libc_start_main;
	/* Not wrapped. A sanitizer within the program may have its own, which do not work this early. */
	int (*clock_gettime)(clockid_t, struct timespec *);
	int (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	ssize_t (*process_madvise)(int, const struct iovec *, size_t, int, unsigned);
	bool resolved; /* resolved, one way or the other */
};

extern struct real real;

/* In the constructor, before libc's own: dlsym(RTLD_NEXT) does not need libc initialised. */
void real_resolve(void);
/* Before: fills what is needed by a call that cannot wait. Keeps errno. */
void real_resolve_early(void);

/* At the beginning of a wrapper that may go on to the next definition without beginning an event. */
static inline void real_ready(void)
{
	if (__builtin_expect(!real.resolved, 0))
		real_resolve_early();
}

#endif
