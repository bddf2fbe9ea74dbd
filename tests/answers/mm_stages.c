/*
 * mm_stages: moves each count of the kernel's mm_struct in turn, marks the moment and stops itself there, so that
 * /proc/PID/status can be read of exactly that moment.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

#include "answers.h"

static pthread_barrier_t barrier;

#define STAGE(name)                                                                                \
	do {                                                                                       \
		VMATRACE_MARK(name);                                                               \
		raise(SIGSTOP);                                                                    \
	} while (0)

static void *wait(void *unused)
{
	free(malloc(1000));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return unused;
}

/* The stack grows by as much without any call. */
static int deep(int levels)
{
	volatile char room[4096];

	room[0] = (char)levels;
	return levels ? deep(levels - 1) + room[0] : 0;
}

int main(void)
{
	char *block, *locked, *shared;
	pthread_t thread;
	void *library;

	STAGE("begin");
	block = malloc(5 << 20);
	STAGE("block");
	locked = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);
	if (mlock(locked + PAGE, 4 * PAGE))
		return 77;
	STAGE("locked");
	munlock(locked + 2 * PAGE, PAGE);
	mprotect(locked + 4 * PAGE, 2 * PAGE, PROT_READ);
	STAGE("half-locked");
	shared = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	STAGE("shared");
	mprotect(locked + 8 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	STAGE("executable");
	library = dlopen("libz.so.1", RTLD_NOW);
	STAGE("library");
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, wait, NULL);
	pthread_barrier_wait(&barrier);
	STAGE("thread");
	sbrk(100 * PAGE);
	STAGE("heap");
	deep(100);
	STAGE("stack");
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	if (library)
		dlclose(library);
	munmap(shared, 1 << 20);
	munmap(locked, 16 * PAGE);
	free(block);
	STAGE("end");
	return 0;
}
