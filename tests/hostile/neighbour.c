/*
 * neighbour.c: an ordinary program: it allocates, maps, starts a thread, loads a plug-in, catches a signal, and
 * forks. What is beside it in the process (allocators, interposers, sanitizers) is the test. Built with
 * -DOWN_MMAP it has its own mmap and munmap, which come before any library's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

#ifdef OWN_MMAP
static long own_calls;

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	own_calls++;
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

int munmap(void *addr, size_t length)
{
	own_calls++;
	return (int)syscall(SYS_munmap, addr, length);
}
#endif

static void map_and_unmap(int times)
{
	for (int i = 0; i < times; i++) {
		char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			abort();
		page[0] = 1;
		if (mprotect(page, PAGE, PROT_READ) || munmap(page, 2 * PAGE))
			abort();
	}
}

static void allocate(unsigned seed)
{
	static __thread char *block[200];
	unsigned long sum = 0;

	for (unsigned i = 0; i < 4000; i++) {
		unsigned at = (seed = seed * 1103515245 + 12345) >> 8;
		size_t bytes = 1 + (at >> 4) % (at % 37 ? 5000 : 2000000);

		free(block[at % 200]);
		block[at % 200] = malloc(bytes);
		if (!block[at % 200])
			abort();
		memset(block[at % 200], (int)i, bytes < 100 ? bytes : 100);
		sum += (unsigned char)block[at % 200][0];
	}
	for (unsigned i = 0; i < 200; i++) {
		free(block[i]);
		block[i] = NULL;
	}
	printf("allocated: %lu\n", sum);
}

static void *run(void *unused)
{
	allocate(7);
	map_and_unmap(5);
	return unused;
}

/*
 * One thread's page, and then, at the same place, another's: whoever looks for races and was not told that the first
 * one went finds one. What says where it is, is no order for it.
 */
static char *place;

static void *first_owner(void *unused)
{
	char *mine =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(mine, 1, 4 * PAGE);
	munmap(mine, 4 * PAGE);
	__atomic_store_n(&place, mine, __ATOMIC_RELAXED);
	return unused;
}

static void *second_owner(void *unused)
{
	char *mine;

	while (!(mine = __atomic_load_n(&place, __ATOMIC_RELAXED)))
		sched_yield();
	mine = mmap(mine, 4 * PAGE, PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	/* Something else may be there by now. */
	if (mine == MAP_FAILED)
		return unused;
	memset(mine, 2, 4 * PAGE);
	munmap(mine, 4 * PAGE);
	return unused;
}

static void change_owner(void)
{
	pthread_t thread[2];

	pthread_create(&thread[0], NULL, second_owner, NULL);
	pthread_create(&thread[1], NULL, first_owner, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

static void handle(int signal)
{
	(void)signal;
	map_and_unmap(1);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *plugin;
	int status;
	pid_t pid;

	/* What libc takes from its start: not before it is given. */
	printf("%s of %s\n", program_invocation_short_name, getenv("LC_ALL"));
	allocate(1);
	map_and_unmap(10);
	pthread_create(&thread, NULL, run, NULL);
	pthread_join(thread, NULL);
	change_owner();
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
	if (argc > 1) {
		int deep = argc > 2 ? RTLD_DEEPBIND : 0;

		plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | deep);
		if (!plugin)
			puts(dlerror());
		else
			((void (*)(void))(unsigned long)dlsym(plugin, "plugin_maps"))();
		if (plugin)
			dlclose(plugin);
	}
	fflush(stdout);
	pid = fork();
	if (!pid) {
		allocate(3);
		map_and_unmap(3);
		fflush(stdout);
		_exit(4);
	}
	waitpid(pid, &status, 0);
	printf("child: %#x\n", (unsigned)status);
#ifdef OWN_MMAP
	/* By map_and_unmap() alone. Others call it too: a library that the recorder loads is bound to it as any is. */
	printf("own mmap was called: %d\n", own_calls >= 2 * (10 + 5 + 1));
#endif
	return 3;
}
