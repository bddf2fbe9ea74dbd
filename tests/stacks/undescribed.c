/*
 * undescribed: calls whose stacks have code in them that no unwind information describes: assembly, and code
 * that was made at run time. Each way has a length of mapping of its own, 4096 * its number, so that its event
 * is found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void keeps_pointer(void (*call)(long), long argument);
void no_pointer(void (*call)(long), long argument);
void wild_pointer(void (*call)(long), long argument);
extern const char keeps_pointer_end[];

typedef void passes_fn(void (*call)(long), long argument);

__attribute__((noinline)) static void call(long number)
{
	void *page =
		mmap(NULL, 4096 * (size_t)number, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, 4096 * (size_t)number))
		abort();
}

static passes_fn *made;

static void twice(long number)
{
	keeps_pointer(call, number);
}

/* For functions that are handed on: what they are called with is no number. */
static void call_17(long ignored)
{
	(void)ignored;
	call(17);
}

static void call_18(long ignored)
{
	(void)ignored;
	call(18);
}

int main(void)
{
	size_t bytes = (size_t)(keeps_pointer_end - (const char *)(uintptr_t)keeps_pointer);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		return 1;
	memcpy(code, (const void *)(uintptr_t)keeps_pointer, bytes);
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC))
		return 1;
	made = (passes_fn *)(uintptr_t)code;
	call(11);
	keeps_pointer(call, 12);
	made(call, 13);
	keeps_pointer(twice, 14);
	no_pointer(call, 15);
	wild_pointer(call, 16);
	/* Straight from one into the other: the second passes on what it got in both registers. */
	keeps_pointer((void (*)(long))(uintptr_t)made, (long)call_17);
	no_pointer((void (*)(long))(uintptr_t)made, (long)call_18);
	return 0;
}
