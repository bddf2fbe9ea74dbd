/*
 * registers: libc's own functions, not the wrappers, called with known values in the registers: what the psABI
 * says a function keeps is kept (rbx, rbp, rsp, r12 to r15; the direction flag is clear), also the control
 * words of x87 and SSE; errno is untouched on success.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t call_with_registers(void *function, const uint64_t argument[6], uint64_t seen[8]);

enum { PAGE = 4096, ERRNO_KEPT = 12345, DIRECTION_FLAG = 1 << 10 };

static int failures;

static uint64_t call(void *libc, const char *name, const uint64_t argument[6], bool fails)
{
	static const uint64_t kept[6] = { 0x1111111111111111, 0x2222222222222222,
		                          0x3333333333333333, 0x4444444444444444,
		                          0x5555555555555555, 0x6666666666666666 };
	uint64_t seen[8] = { 0 }, result;
	uint16_t x87_before, x87_after;
	uint32_t sse_before, sse_after;
	void *function = dlsym(libc, name);

	if (!function) {
		printf("%s: not there\n", name);
		failures++;
		return 0;
	}
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(x87_before), "=m"(sse_before));
	errno = ERRNO_KEPT;
	result = call_with_registers(function, argument, seen);
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(x87_after), "=m"(sse_after));
	if (memcmp(seen, kept, sizeof(kept)) || seen[6] || seen[7] & DIRECTION_FLAG ||
	    x87_before != x87_after || (sse_before ^ sse_after) & ~0x3fu) {
		printf("%s: rbx %lx rbp %lx r12 %lx r13 %lx r14 %lx r15 %lx rsp moved %ld flags "
		       "%lx\n",
		       name, seen[0], seen[1], seen[2], seen[3], seen[4], seen[5], (long)seen[6],
		       seen[7]);
		failures++;
	}
	if (fails ? errno == ERRNO_KEPT : errno != ERRNO_KEPT) {
		printf("%s: errno %d\n", name, errno);
		failures++;
	}
	return result;
}

#define CALL(name, ...) call(libc, name, (const uint64_t[6]) { __VA_ARGS__ }, false)
#define FAILING_CALL(name, ...) call(libc, name, (const uint64_t[6]) { __VA_ARGS__ }, true)

/* All of them, good and bad. */
static void every_call(void *libc)
{
	uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
	uint64_t at = CALL("mmap", 0, 4 * PAGE, both, flags, UINT64_MAX, 0);
	uint64_t end = (uint64_t)sbrk(0);

	CALL("mprotect", at, PAGE, PROT_READ);
	CALL("madvise", at, PAGE, MADV_DONTNEED);
	CALL("posix_madvise", at, PAGE, MADV_WILLNEED);
	at = CALL("mremap", at + PAGE, 3 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	CALL("mlock", at, PAGE);
	CALL("mlock2", at, PAGE, 0);
	CALL("munlock", at, PAGE);
	CALL("pkey_mprotect", at, PAGE, both, UINT64_MAX);
	CALL("munmap", at, 8 * PAGE);
	CALL("brk", end + PAGE);
	CALL("brk", end);
	CALL("sbrk", 0);
	FAILING_CALL("mmap", 0, 0, both, flags, UINT64_MAX, 0);
	FAILING_CALL("munmap", 1, PAGE);
	FAILING_CALL("mprotect", 1, PAGE, PROT_READ);
	FAILING_CALL("mremap", 1, PAGE, PAGE, 0);
	FAILING_CALL("madvise", 1, PAGE, 0);
	FAILING_CALL("shmdt", 1);
}

int main(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	for (unsigned i = 0; libc && i < 100; i++)
		every_call(libc);
	printf("%d failures\n", failures);
	return !libc || failures;
}
