/* waiting: a thread is in a call for as long as the program lives: the shared memory object is a pipe nobody writes to. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "answers.h"

static char name[32];
static _Atomic int waiter;

static void *wait_for_ever(void *unused)
{
	waiter = (int)syscall(SYS_gettid);
	shm_open(name, O_RDONLY, 0);
	return unused;
}

/* The number of the system call that the thread is in; -1: none. */
static long call_of(int thread)
{
	char path[64];
	long call = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
	file = fopen(path, "r");
	if (file && fscanf(file, "%ld", &call) != 1)
		call = -1;
	if (file)
		fclose(file);
	return call;
}

int main(void)
{
	pthread_t thread;
	char path[64];

	snprintf(name, sizeof(name), "/answers.waiting.%d", (int)getpid());
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	if (mkfifo(path, 0600) || pthread_create(&thread, NULL, wait_for_ever, NULL))
		return 1;
	/* Where the kernel does not say it is there after ten seconds. */
	for (int i = 0; i < 10000 && (!waiter || call_of(waiter) != SYS_openat); i++)
		usleep(1000);
	for (int i = 0; i < 200; i++)
		mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_NONE, ANONYMOUS, -1, 0);
	unlink(path);
	return 0;
}
