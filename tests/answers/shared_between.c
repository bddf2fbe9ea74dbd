/*
 * shared_between: one shm object through two processes, two memfds of one name, a SysV segment. Each line that
 * does something with one of them ends in a comment; the test holds `vmatrace shared` against them.
 */
#include <sys/shm.h>
#include <sys/wait.h>

#include "answers.h"

static char name[64];

static void child(char *inherited)
{
	int fd = shm_open(name, O_RDWR, 0);                                /* child opens */
	char *own = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE); /* child maps */

	munmap(inherited, PAGE); /* child unmaps the first page it inherited */
	_exit(own == MAP_FAILED);
}

static void shm(void)
{
	int fd, status = 0;
	char *memory;

	snprintf(name, sizeof(name), "/shared_between.%d", (int)getpid());
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600); /* parent creates */
	if (ftruncate(fd, 4 * PAGE) != 0)
		exit(10);
	memory = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0); /* parent maps */
	if (fork() == 0)
		child(memory);
	wait(&status);
	if (status)
		exit(10);
	shm_unlink(name);         /* parent unlinks */
	munmap(memory, 4 * PAGE); /* parent unmaps */
}

static void memfds(void)
{
	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("pool", 0);

		if (ftruncate(fd, (i + 1) * (off_t)PAGE) != 0)
			exit(10);
		mmap(NULL, (size_t)(i + 1) * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	}
}

/* Without a file: two pages of four are left, and three by a child. */
static void unnamed(void)
{
	int status;
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, /* parent maps without a file */
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	mprotect(memory, PAGE, PROT_READ);
	if (fork() == 0)
		_exit(munmap(memory, PAGE));
	wait(&status);
	munmap(memory + 2 * PAGE, 2 * PAGE);
}

static void sysv(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
	char *memory = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	shmdt(memory);
}

int main(void)
{
	shm();
	unnamed(); /* before memfds(), which its child would hold too */
	memfds();
	sysv();
	printf("parent %d\n", (int)getpid());
	return 0;
}
