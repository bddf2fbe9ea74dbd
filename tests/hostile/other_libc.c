/*
 * other_libc.c: a program for a libc that the recorder is not made for (musl-gcc). Each call that the recorder has a
 * wrapper of, once, right and wrong; threads, children, an exec of itself. Prints what came of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

extern char **environ;

static void say(const char *what, long result)
{
	printf("%s: %s, errno %d\n", what, result == -1 ? "-1" : "fine", errno);
	errno = 0;
}

static void map_and_change(void)
{
	char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *moved;

	say("mmap", (long)at);
	say("mmap of nothing", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	say("mprotect", mprotect(at, PAGE, PROT_READ));
	say("madvise", madvise(at, PAGE, MADV_WILLNEED));
	say("posix_madvise", posix_madvise(at, PAGE, POSIX_MADV_NORMAL));
	say("mlock", mlock(at, PAGE));
	say("munlock", munlock(at, PAGE));
	say("mremap", (long)(moved = mremap(at, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE)));
	say("munmap", munmap(moved, 8 * PAGE));
	say("munmap of nothing", munmap(moved + 1, PAGE));
	say("sbrk", (long)sbrk(0));
	say("memfd_create", memfd_create("other", MFD_CLOEXEC));
	say("prctl", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	say("syscall",
	    syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	say("syscall of nothing", syscall(9999));
}

static void share(void)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	void *at = shmat(segment, NULL, 0);

	say("shmat", (long)at);
	say("shmdt", shmdt(at));
	shmctl(segment, IPC_RMID, NULL);
	say("shm_open", shm_open("/vmatrace-no-such-object", O_RDONLY, 0));
	say("shm_unlink", shm_unlink("/vmatrace-no-such-object"));
}

static void *in_thread(void *unused)
{
	free(malloc(300000));
	map_and_change();
	return unused;
}

int main(int argc, char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	pthread_t thread;
	int status;
	pid_t pid;

	setvbuf(stdout, NULL, _IONBF, 0);
	map_and_change();
	share();
	if (argc > 1)
		return 7;
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	pid = fork();
	if (!pid) {
		execl("/no/such/program", "x", (char *)NULL);
		execve(argv[0], again, environ);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	printf("fork and execve: status %#x\n", (unsigned)status);
	status = posix_spawn(&pid, argv[0], NULL, NULL, again, environ);
	printf("posix_spawn: %d\n", status);
	waitpid(pid, &status, 0);
	printf("its status %#x\n", (unsigned)status);
	exit(6);
}
