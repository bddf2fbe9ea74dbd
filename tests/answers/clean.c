/* clean: maps in every way there is, and unmaps all of it. */
#include <sys/shm.h>

#include "answers.h"

static void sysv(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
	char *memory = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	memory[0] = 1;
	shmdt(memory);
}

int main(void)
{
	char *memory, *moved;

	say_maps("begin");
	memory = map(16 * PAGE);
	mprotect(memory + 4 * PAGE, 4 * PAGE, PROT_READ);
	munmap(memory + 2 * PAGE, PAGE);
	moved = mremap(memory + 8 * PAGE, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
	munmap(moved, 32 * PAGE);
	munmap(memory, 8 * PAGE);
	memory = map(64 * PAGE);
	mmap(memory, 64 * PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(memory, 64 * PAGE);
	sysv();
	sbrk(4 * PAGE);
	sbrk(-4 * (intptr_t)PAGE);
	say_maps("end");
	return 0;
}
