/*
 * thread_names: threads that get their names in every way there is, among them names that no report should print
 * as they are, one that makes no call at all and one that ends. The kernel's own word of each is printed:
 * "thread TID ADDRESS NAME-IN-HEX", the address being in its stack.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "answers.h"

enum { THREADS = 7 };

static pthread_barrier_t barrier;
static atomic_int parked; /* threads on their last way to it */
static pid_t tids[THREADS];
static void *stacks[THREADS];

static const char *const names[THREADS] = {
	[0] = "by itself", [1] = "by prctl",        [2] = "by another",         [3] = "quiet",
	[4] = "ended",     [5] = "\033[31m\"\\x\n", [6] = "\xff\xfe not UTF-8",
};

static void *work(void *argument)
{
	size_t i = (size_t)argument;

	tids[i] = (pid_t)syscall(SYS_gettid);
	stacks[i] = &i;
	if (i != 3)
		free(malloc(1000)); /* calls before it has a name */
	if (i == 1)
		prctl(PR_SET_NAME, names[i]);
	else if (i != 2)
		pthread_setname_np(pthread_self(), names[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier); /* all have their names */
	if (i == 4)
		return NULL;
	atomic_fetch_add(&parked, 1);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* Where a thread is that runs the kernel does not tell. */
static void await_sleep(size_t i)
{
	char path[64], line[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tids[i]);
	do {
		usleep(1000);
		fd = open(path, O_RDONLY);
		if (read(fd, line, sizeof(line)) <= 0)
			line[0] = '\0';
		close(fd);
	} while (line[0] == 'r');
}

static void tell(size_t i)
{
	char path[64], name[32];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)tids[i]);
	fd = open(path, O_RDONLY);
	length = read(fd, name, sizeof(name));
	close(fd);
	dprintf(STDOUT_FILENO, "thread %d %zx ", (int)tids[i], (size_t)stacks[i]);
	for (ssize_t at = 0; at + 1 < length; at++)
		dprintf(STDOUT_FILENO, "%02x", (unsigned char)name[at]);
	dprintf(STDOUT_FILENO, "\n");
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	pthread_barrier_wait(&barrier);
	pthread_setname_np(threads[2], names[2]);
	for (size_t i = 0; i < THREADS; i++)
		tell(i);
	pthread_barrier_wait(&barrier);
	pthread_join(threads[4], NULL);
	VMATRACE_MARK("named");
	while (atomic_load(&parked) < THREADS - 1)
		usleep(1000);
	for (size_t i = 0; i < THREADS; i++) {
		if (i != 4)
			await_sleep(i);
	}
	/* The others are never joined: they are there when the process ends. */
	return 0;
}
