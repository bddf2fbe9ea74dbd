/*
 * no_thread: preloaded, no thread is to be had, as where a limit of tasks is reached. Each that is asked for is told of
 * in the file that the environment names, for a test to know that there was something to refuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
	const char *path = getenv("NO_THREAD_LOG");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	(void)thread;
	(void)attributes;
	(void)start;
	(void)argument;
	if (fd >= 0) {
		if (write(fd, "refused\n", 8) != 8)
			abort();
		close(fd);
	}
	return EAGAIN;
}
