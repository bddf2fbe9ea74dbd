/*
 * unseen_peak: the most there ever is was mapped by a system call of the program's own, which no layer sees: only a
 * list of the kernel's shows it, so that it has no moment but that of the event behind. With the argument "last" nothing
 * is behind it but the list of the end.
 */
#include <stdbool.h>
#include <sys/syscall.h>

#include "answers.h"

enum { UNSEEN_BYTES = 64 << 20, PIECE_BYTES = 16 * PAGE, PIECES = 8, ENOUGH = 66 };

static char *map_unseen(size_t bytes)
{
	register long flags __asm__("r10") = ANONYMOUS;
	register long descriptor __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long result = SYS_mmap;

	__asm__ volatile("syscall"
	                 : "+a"(result)
	                 : "D"(0), "S"(bytes), "d"(PROT_READ | PROT_WRITE), "r"(flags),
	                   "r"(descriptor), "r"(offset)
	                 : "rcx", "r11", "memory");
	if (result < 0)
		exit(10);
	return (char *)result;
}

/* So many calls that the recorder reads a list, of a ring of 256 one behind each 64; none changes anything. */
static void be_busy(void)
{
	for (int i = 0; i < ENOUGH; i++)
		munmap(NULL, 0);
}

int main(int argc, char **argv)
{
	bool last = argc > 1 && strcmp(argv[1], "last") == 0;
	char *unseen;

	be_busy();
	unseen = map_unseen(UNSEEN_BYTES);
	if (last)
		return 0;
	/* More rows than ever, too. */
	for (int i = 1; i < 2 * PIECES; i += 2)
		mprotect(unseen + i * PIECE_BYTES, PIECE_BYTES, PROT_READ);
	be_busy();
	munmap(unseen, UNSEEN_BYTES);
	be_busy();
	return 0;
}
