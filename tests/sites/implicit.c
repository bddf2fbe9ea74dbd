/*
 * implicit: changes that no call makes, and one that goes past all layers. Calls enough for a snapshot are between
 * what comes and what goes; at the start and at exit the recorder takes one of its own.
 *
 *     implicit        io_setup, io_destroy, memory that grows down
 *     implicit raw    a mapping by a system call of its own
 *     implicit old    the same as programs of 32 bits make it: other numbers, other arguments, on another way in
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, CALLS = 3000 }; /* a quarter of the ring that implicit.py asks for is 2048 */

static void until_next_snapshot(void)
{
	for (unsigned i = 0; i < CALLS / 2; i++) {
		void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(page, PAGE);
	}
}

static void known(void)
{
	unsigned long context = 0;
	volatile char *stack;

	/* Alone, as libc's stacks are: beside something else it could not grow. */
	stack = mmap((void *)(1ul << 40), 4 * PAGE, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	printf("io_setup %ld\n", (long)syscall(SYS_io_setup, 1000, &context));
	printf("io_setup %lx\n", context);
	stack[-3 * PAGE] = 1;
	printf("grows down to %lx\n", (unsigned long)(stack - 3 * PAGE));
	until_next_snapshot();
	printf("io_destroy %ld\n", (long)syscall(SYS_io_destroy, context));
}

static void raw(void)
{
#ifdef __x86_64__
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long result = SYS_mmap;

	__asm__ volatile("syscall"
	                 : "+a"(result)
	                 : "D"(1ul << 40), "S"(7 * PAGE), "d"(PROT_READ), "r"(flags), "r"(fd),
	                   "r"(offset)
	                 : "rcx", "r11", "memory");
	printf("raw %lx\n", (unsigned long)result);
	until_next_snapshot();
#endif
}

static void old(void)
{
#ifdef __x86_64__
	enum { MMAP2 = 192 }; /* linux:arch/x86/entry/syscalls/syscall_32.tbl */
	long result = MMAP2;

	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
	                 : "+a"(result)
	                 : "b"(1ul << 30), "c"(7 * PAGE), "d"(PROT_READ),
	                   "S"(MAP_PRIVATE | MAP_ANONYMOUS), "D"(-1l)
	                 : "r8", "r9", "r10", "r11", "memory");
	printf("old %lx\n", (unsigned long)result);
	until_next_snapshot();
#endif
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "old"))
		old();
	else if (argc > 1 && !strcmp(argv[1], "raw"))
		raw();
	else
		known();
	return 0;
}
