/*
 * wrappers.c: the API calls as the program writes them, one short function each: begin, the real call, end.
 * What an event carries beside its arguments is evidence.c's; what keeps the program off the recorder's own
 * memory is guard.c's.
 */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <unistd.h>

#include "address_space.h"
#include "guard.h"
#include "lock_all.h"
#include "place.h"
#include "real.h"
#include "recorder.h"
#include "sandbox.h"

#define WRAPPER __attribute__((visibility("default")))

/* Not in a public header; declared so that the definition is checked against something. */
WRAPPER void vmatrace_mark(const char *name);

WRAPPER void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct frame_registers caller = CALLER;
	struct recording r;
	void *result;

	/* What the unwinder maps for itself: beside the rest of ours, and recorded as it is then asked for. */
	if (__builtin_expect(address_space.own_calls != 0, 0) && !addr && recorder_calls_are_own())
		addr = (void *)place_next(length);
	r = recorder_begin(
		CALL_MMAP, &caller,
		WORDS(WORD(addr), length, WORD(prot), WORD(flags), WORD(fd), WORD(offset)));
	guard_replacing(&r, addr, length, flags & MAP_FIXED);
	result = real.mmap(addr, length, prot, flags, fd, offset);
	recorder_end(&r, (uint64_t)result, result == MAP_FAILED);
	return result;
}

/* The same function on LP64; a name of its own, because programs import either. */
WRAPPER void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off64_t offset)
	__attribute__((alias("mmap")));

WRAPPER int munmap(void *addr, size_t length)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MUNMAP, &caller, WORDS(WORD(addr), length));
	int status = guard_munmap(&r, addr, length);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int mprotect(void *addr, size_t length, int prot)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_MPROTECT, &caller, WORDS(WORD(addr), length, WORD(prot)));
	int status = guard_mprotect(&r, addr, length, prot);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int pkey_mprotect(void *addr, size_t length, int prot, int pkey)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_PKEY_MPROTECT, &caller,
	                                    WORDS(WORD(addr), length, WORD(prot), WORD(pkey)));
	int status = guard_pkey_mprotect(&r, addr, length, prot, pkey);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

/* libc keeps the break; what it holds after the call is what the kernel said. */
WRAPPER int brk(void *addr)
{
	struct frame_registers caller = CALLER;
	void *before = real.resolved ? real.sbrk(0) : NULL;
	struct recording r = recorder_begin(CALL_BRK, &caller, WORDS(WORD(addr), WORD(before)));
	int status = real.brk(addr);
	int saved;

	if (!r.recording)
		return status;
	saved = errno;
	r.event.result = (uint64_t)real.sbrk(0);
	errno = saved;
	recorder_end(&r, r.event.result, status != 0);
	return status;
}

WRAPPER void *sbrk(intptr_t increment)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_SBRK, &caller, WORDS(WORD(increment)));
	void *before = real.sbrk(increment);

	recorder_end(&r, (uint64_t)before, before == (void *)-1);
	return before;
}

WRAPPER int shm_open(const char *name, int oflag, mode_t mode)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_SHM_OPEN, &caller, WORDS(WORD(name), WORD(oflag), mode));
	int fd;

	recorder_text(&r, name);
	fd = real.shm_open(name, oflag, mode);
	recorder_end(&r, (uint64_t)fd, fd < 0);
	return fd;
}

WRAPPER int shm_unlink(const char *name)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_SHM_UNLINK, &caller, WORDS(WORD(name)));
	int status;

	recorder_text(&r, name);
	status = real.shm_unlink(name);
	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

/* The fifth argument is there only when the flags say so (glibc bug 31968). */
WRAPPER void *mremap(void *old_address, size_t old_size, size_t new_size, int flags, ...)
{
	struct frame_registers caller = CALLER;
	void *new_address = NULL;
	struct recording r;
	void *result;
	va_list list;

	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(list, flags);
		new_address = va_arg(list, void *);
		va_end(list);
	}
	r = recorder_begin(
		CALL_MREMAP, &caller,
		WORDS(WORD(old_address), old_size, new_size, WORD(flags), WORD(new_address)));
	guard_moving(&r,
	             WORDS(WORD(old_address), old_size, new_size, WORD(flags), WORD(new_address)));
	result = real.mremap(old_address, old_size, new_size, flags, new_address);
	recorder_end(&r, (uint64_t)result, result == MAP_FAILED);
	return result;
}

WRAPPER int madvise(void *addr, size_t length, int advice)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_MADVISE, &caller, WORDS(WORD(addr), length, WORD(advice)));
	int status = guard_madvise(&r, addr, length, advice);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int posix_madvise(void *addr, size_t length, int advice)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_POSIX_MADVISE, &caller,
	                                    WORDS(WORD(addr), length, WORD(advice)));
	int error = real.posix_madvise(addr, length, advice);

	recorder_end_with(&r, error ? UINT64_MAX : 0, error);
	return error;
}

WRAPPER ssize_t process_madvise(int pidfd, const struct iovec *ranges, size_t count, int advice,
                                unsigned flags)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_PROCESS_MADVISE, &caller,
	                       WORDS(WORD(pidfd), WORD(ranges), count, WORD(advice), flags));
	ssize_t bytes;

	guard_advising(&r, ranges, count, advice);
	bytes = real.process_madvise(pidfd, ranges, count, advice, flags);
	recorder_end(&r, (uint64_t)bytes, bytes < 0);
	return bytes;
}

WRAPPER void *shmat(int shmid, const void *addr, int flags)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_SHMAT, &caller, WORDS(WORD(shmid), WORD(addr), WORD(flags)));
	void *result;

	guard_attaching(&r, shmid, addr, flags);
	result = real.shmat(shmid, addr, flags);
	recorder_end(&r, (uint64_t)result, result == (void *)-1);
	return result;
}

WRAPPER int shmdt(const void *addr)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_SHMDT, &caller, WORDS(WORD(addr)));
	int status = real.shmdt(addr);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int mlock(const void *addr, size_t length)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MLOCK, &caller, WORDS(WORD(addr), length));
	int status = real.mlock(addr, length);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int mlock2(const void *addr, size_t length, unsigned flags)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MLOCK2, &caller, WORDS(WORD(addr), length, flags));
	int status = real.mlock2(addr, length, flags);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int munlock(const void *addr, size_t length)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MUNLOCK, &caller, WORDS(WORD(addr), length));
	int status = real.munlock(addr, length);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int mlockall(int flags)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MLOCKALL, &caller, WORDS(WORD(flags)));
	int status = lock_all(&r, flags);

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int munlockall(void)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MUNLOCKALL, &caller, WORDS(0));
	int status = real.munlockall();

	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int remap_file_pages(void *addr, size_t size, int prot, size_t pgoff, int flags)
{
	struct frame_registers caller = CALLER;
	struct recording r =
		recorder_begin(CALL_REMAP_FILE_PAGES, &caller,
	                       WORDS(WORD(addr), size, WORD(prot), pgoff, WORD(flags)));
	int status;

	guard_replacing(&r, addr, size, 1);
	status = real.remap_file_pages(addr, size, prot, pgoff, flags);
	recorder_end(&r, (uint64_t)status, status != 0);
	return status;
}

WRAPPER int memfd_create(const char *name, unsigned flags)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MEMFD_CREATE, &caller, WORDS(WORD(name), flags));
	int fd;

	recorder_text(&r, name);
	fd = real.memfd_create(name, flags);
	recorder_end(&r, (uint64_t)fd, fd < 0);
	return fd;
}

/* Every argument register goes on as it came: which of them the option uses is not ours to know. */
WRAPPER int prctl(int option, ...)
{
	struct frame_registers caller = CALLER;
	struct recording r;
	uint64_t word[4];
	va_list list;
	int result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		word[i] = va_arg(list, uint64_t);
	va_end(list);
	real_ready();
	if (option == PR_SET_SECCOMP) {
		bool was_silent = sandbox_before();

		result = real.prctl(option, word[0], word[1], word[2], word[3]);
		sandbox_after(was_silent, result != 0);
		return result;
	}
	if (option != PR_SET_VMA) {
		result = real.prctl(option, word[0], word[1], word[2], word[3]);
		if (option == PR_SET_NAME && result == 0)
			recorder_thread_is_named();
		return result;
	}
	r = recorder_begin(CALL_PRCTL, &caller,
	                   WORDS(WORD(option), word[0], word[1], word[2], word[3]));
	recorder_text(&r, (const char *)word[3]);
	result = real.prctl(option, word[0], word[1], word[2], word[3]);
	recorder_end(&r, (uint64_t)result, result != 0);
	return result;
}

WRAPPER void vmatrace_mark(const char *name)
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_MARK, &caller, WORDS(WORD(name)));

	recorder_text(&r, name);
	recorder_end_with(&r, 0, 0);
}
