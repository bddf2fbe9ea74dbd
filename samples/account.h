/*
 * account: what a sample says it did, one line for each call that changes the address space:
 *
 *     account: mmap addr=0x0 length=8192 prot=rw- flags=MAP_PRIVATE|MAP_ANONYMOUS fd=-1 offset=0
 *              = 0x7f3c10a52000 at vma_fields.c:41 in main, 1 deep, by 4711/4711
 *
 * (on one line). After "=" stands the result, or -1 and the name of the error; then file, line
 * and function of the call, the number of frames from there to the thread's first function, and
 * pid/tid. A trace of the sample must say the same, call for call.
 *
 * It knows nothing of vmatrace's own tables: a mistake there must not repeat itself here. It
 * allocates nothing and goes round stdio, whose buffers would show in the address space that is
 * being shown.
 */
#ifndef VMATRACE_SAMPLES_ACCOUNT_H
#define VMATRACE_SAMPLES_ACCOUNT_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

/* Where a call stands. frame: of the calling function, by which the depth is counted. */
struct place {
	const char *file;
	int line;
	const char *function;
	const void *frame;
};

#define HERE ((struct place) { __FILE__, __LINE__, __func__, __builtin_frame_address(0) })

/*
 * DID(mmap, NULL, 8192, ...): makes the call where it stands, prints its account, yields its
 * result, and leaves errno as the call left it. The arguments are evaluated twice; the call must
 * fit on one line.
 */
#define DID(call, ...)                                                                             \
	__extension__({                                                                            \
		__typeof__(call(__VA_ARGS__)) did_result = call(__VA_ARGS__);                      \
		const int did_error = errno;                                                       \
		account_##call(HERE, did_result, did_error, __VA_ARGS__);                          \
		errno = did_error;                                                                 \
		did_result;                                                                        \
	})

/* Names a moment of the trace, as vmatrace_mark() of <vmatrace/mark.h> does. */
#define MARK(name)                                                                                 \
	do {                                                                                       \
		VMATRACE_MARK(name);                                                               \
		account_mark(HERE, name);                                                          \
	} while (0)

/* First thing in main() and in a thread's first function: depths are counted from here. */
#define ACCOUNT_BEGIN() account_begin(__builtin_frame_address(0))
void account_begin(const void *frame);

/* Prints to standard output, unbuffered, up to 1,023 bytes. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * One account each: the place, the result, errno, the arguments. pages and sizes in bytes;
 * mremap's last argument is looked at only if the flags say that it is there.
 */
void account_mmap(struct place at, void *result, int error, void *addr, size_t length, int prot,
                  int flags, int fd, off_t offset);
void account_munmap(struct place at, int result, int error, void *addr, size_t length);
void account_mprotect(struct place at, int result, int error, void *addr, size_t length, int prot);
void account_brk(struct place at, int result, int error, void *addr);
void account_sbrk(struct place at, void *result, int error, ptrdiff_t increment);
void account_mremap(struct place at, void *result, int error, void *old_address, size_t old_size,
                    size_t new_size, int flags, ...);
void account_madvise(struct place at, int result, int error, void *addr, size_t length, int advice);
void account_mlock(struct place at, int result, int error, const void *addr, size_t length);
void account_munlock(struct place at, int result, int error, const void *addr, size_t length);
void account_shm_open(struct place at, int result, int error, const char *name, int oflag,
                      mode_t mode);
void account_shm_unlink(struct place at, int result, int error, const char *name);
void account_memfd_create(struct place at, int result, int error, const char *name,
                          unsigned int flags);
void account_mark(struct place at, const char *name);

#endif
