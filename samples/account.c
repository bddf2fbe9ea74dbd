/*
 * account: see account.h. One function for each call, each spelling its arguments from the
 * system's own headers.
 */
#include "account.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINE_BYTES = 1024 };

/* The frame of main() or of the thread's first function. */
static _Thread_local const void *first_frame;

void account_begin(const void *frame)
{
	first_frame = frame;
}

static void put(const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t written = write(STDOUT_FILENO, text, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		text += written;
		bytes -= (size_t)written;
	}
}

void print(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (length >= (int)sizeof(line))
		length = (int)sizeof(line) - 1;
	if (length > 0)
		put(line, (size_t)length);
}

/* Frames from `frame` to the first one, both counted; the samples are built with frame pointers. */
static int depth_of(const void *frame)
{
	int depth = 1;

	while (frame && frame != first_frame) {
		frame = *(const void *const *)frame;
		depth++;
	}
	return depth;
}

static void account(struct place at, const char *call, const char *arguments, const char *result)
{
	const char *slash = strrchr(at.file, '/');

	print("account: %s %s = %s at %s:%d in %s, %d deep, by %ld/%ld\n", call, arguments, result,
	      slash ? slash + 1 : at.file, at.line, at.function, depth_of(at.frame), (long)getpid(),
	      syscall(SYS_gettid));
}

/* A result word: an address or a number, or -1 and the error's name. */
static const char *spell_failure(char *to, size_t bytes, int error)
{
	snprintf(to, bytes, "-1 %s", strerrorname_np(error));
	return to;
}

static const char *spell_address(char *to, size_t bytes, const void *result, int error)
{
	if (result == MAP_FAILED)
		return spell_failure(to, bytes, error);
	snprintf(to, bytes, "0x%lx", (unsigned long)result);
	return to;
}

static const char *spell_number(char *to, size_t bytes, int result, int error)
{
	if (result == -1)
		return spell_failure(to, bytes, error);
	snprintf(to, bytes, "%d", result);
	return to;
}

#define NUMBER(result, error) spell_number((char[64]) { 0 }, 64, result, error)
#define ADDRESS(result, error) spell_address((char[64]) { 0 }, 64, result, error)

struct bit {
	unsigned long value;
	const char *name;
};

#define BIT(name)                                                                                  \
	{                                                                                          \
		name, #name                                                                        \
	}

/* The names of the bits in flags, joined by '|'; "0" if there are none. */
static const char *spell_bits(char *to, size_t bytes, const struct bit *table, size_t count,
                              unsigned long flags)
{
	size_t used = 0;

	to[0] = '\0';
	for (size_t i = 0; i < count && used < bytes; i++) {
		if ((flags & table[i].value) != table[i].value)
			continue;
		used += (size_t)snprintf(to + used, bytes - used, "%s%s", used ? "|" : "",
		                         table[i].name);
		flags &= ~table[i].value;
	}
	if (flags != 0 || used == 0)
		snprintf(to + used, bytes - used, used ? "|0x%lx" : "%lu", flags);
	return to;
}

#define BITS(table, flags)                                                                         \
	spell_bits((char[256]) { 0 }, 256, table, sizeof(table) / sizeof((table)[0]),              \
	           (unsigned long)(unsigned int)(flags))

static const char *spell_prot(char *to, int prot)
{
	to[0] = prot & PROT_READ ? 'r' : '-';
	to[1] = prot & PROT_WRITE ? 'w' : '-';
	to[2] = prot & PROT_EXEC ? 'x' : '-';
	to[3] = '\0';
	return to;
}

#define PROT(prot) spell_prot((char[4]) { 0 }, prot)

static const struct bit map_flags[] = {
	BIT(MAP_SHARED),    BIT(MAP_PRIVATE),   BIT(MAP_FIXED),  BIT(MAP_ANONYMOUS),
	BIT(MAP_GROWSDOWN), BIT(MAP_DENYWRITE), BIT(MAP_LOCKED), BIT(MAP_NORESERVE),
	BIT(MAP_POPULATE),  BIT(MAP_NONBLOCK),  BIT(MAP_STACK),  BIT(MAP_FIXED_NOREPLACE),
};

void account_mmap(struct place at, void *result, int error, void *addr, size_t length, int prot,
                  int flags, int fd, off_t offset)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "addr=0x%lx length=%zu prot=%s flags=%s fd=%d offset=%lld",
	         (unsigned long)addr, length, PROT(prot), BITS(map_flags, flags), fd,
	         (long long)offset);
	account(at, "mmap", text, ADDRESS(result, error));
}

/* munmap, mlock and munlock have the same arguments. */
static void account_range(struct place at, const char *call, const void *addr, size_t length,
                          const char *result)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "addr=0x%lx length=%zu", (unsigned long)addr, length);
	account(at, call, text, result);
}

void account_munmap(struct place at, int result, int error, void *addr, size_t length)
{
	account_range(at, "munmap", addr, length, NUMBER(result, error));
}

void account_mlock(struct place at, int result, int error, const void *addr, size_t length)
{
	account_range(at, "mlock", addr, length, NUMBER(result, error));
}

void account_munlock(struct place at, int result, int error, const void *addr, size_t length)
{
	account_range(at, "munlock", addr, length, NUMBER(result, error));
}

void account_mprotect(struct place at, int result, int error, void *addr, size_t length, int prot)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "addr=0x%lx length=%zu prot=%s", (unsigned long)addr, length,
	         PROT(prot));
	account(at, "mprotect", text, NUMBER(result, error));
}

/*
 * libc's brk() returns 0 or -1; the kernel's, which a trace shows, the break that now holds.
 * libc returns 0 even when the kernel refused to go below the heap's start, so the break is read
 * where libc keeps it: sbrk(0) would be one more call in the trace.
 */
void account_brk(struct place at, int result, int error, void *addr)
{
	void *const *now = dlsym(RTLD_DEFAULT, "__curbrk");
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "addr=0x%lx", (unsigned long)addr);
	account(at, "brk", text, ADDRESS(result == 0 && now ? *now : MAP_FAILED, error));
}

void account_sbrk(struct place at, void *result, int error, ptrdiff_t increment)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "increment=%td", increment);
	account(at, "sbrk", text, ADDRESS(result, error));
}

static const struct bit mremap_flags[] = {
	BIT(MREMAP_MAYMOVE),
	BIT(MREMAP_FIXED),
	BIT(MREMAP_DONTUNMAP),
};

void account_mremap(struct place at, void *result, int error, void *old_address, size_t old_size,
                    size_t new_size, int flags, ...)
{
	char text[LINE_BYTES / 2];
	void *new_address = NULL;
	va_list list;

	va_start(list, flags);
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		new_address = va_arg(list, void *);
	va_end(list);
	snprintf(text, sizeof(text),
	         "old_address=0x%lx old_size=%zu new_size=%zu flags=%s new_address=0x%lx",
	         (unsigned long)old_address, old_size, new_size, BITS(mremap_flags, flags),
	         (unsigned long)new_address);
	account(at, "mremap", text, ADDRESS(result, error));
}

static const struct bit advices[] = {
	BIT(MADV_DONTNEED),
	BIT(MADV_DONTFORK),
	BIT(MADV_DONTDUMP),
};

void account_madvise(struct place at, int result, int error, void *addr, size_t length, int advice)
{
	char text[LINE_BYTES / 2];
	const char *name = "?";

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].value == (unsigned long)advice)
			name = advices[i].name;
	snprintf(text, sizeof(text), "addr=0x%lx length=%zu advice=%s", (unsigned long)addr, length,
	         name);
	account(at, "madvise", text, NUMBER(result, error));
}

static const struct bit open_flags[] = {
	BIT(O_RDWR),
	BIT(O_CREAT),
	BIT(O_EXCL),
	BIT(O_TRUNC),
};

void account_shm_open(struct place at, int result, int error, const char *name, int oflag,
                      mode_t mode)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "name=\"%s\" oflag=%s mode=0%03o", name,
	         oflag == O_RDONLY ? "O_RDONLY" : BITS(open_flags, oflag), (unsigned int)mode);
	account(at, "shm_open", text, NUMBER(result, error));
}

void account_shm_unlink(struct place at, int result, int error, const char *name)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "name=\"%s\"", name);
	account(at, "shm_unlink", text, NUMBER(result, error));
}

static const struct bit memfd_flags[] = {
	BIT(MFD_CLOEXEC),
	BIT(MFD_ALLOW_SEALING),
};

void account_memfd_create(struct place at, int result, int error, const char *name,
                          unsigned int flags)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "name=\"%s\" flags=%s", name, BITS(memfd_flags, flags));
	account(at, "memfd_create", text, NUMBER(result, error));
}

void account_mark(struct place at, const char *name)
{
	char text[LINE_BYTES / 2];

	snprintf(text, sizeof(text), "name=\"%s\"", name);
	account(at, "mark", text, "0");
}
