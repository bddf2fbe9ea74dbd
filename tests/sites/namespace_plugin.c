/*
 * namespace_plugin: what runs on a libc of its own: no call here reaches a wrapper of the recorder. Loaded by
 * dlmopen(), or by LD_AUDIT, when it works whenever an object is loaded.
 */
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

void plugin_work(unsigned times);
void plugin_threads(unsigned count);
void plugin_fork(unsigned count);

void plugin_work(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		void *block = malloc(300000), *small = malloc(100);
		char *pages = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		block = realloc(block, 900000);
		memset(pages, 1, 8 * PAGE);
		mprotect(pages, PAGE, PROT_READ);
		madvise(pages, 2 * PAGE, MADV_DONTNEED);
		posix_madvise(pages, 2 * PAGE, POSIX_MADV_WILLNEED);
		mlock(pages, PAGE);
		munlock(pages, PAGE);
		pages = mremap(pages + 4 * PAGE, 4 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
		munmap(pages, 16 * PAGE);
		munmap(pages + 1, PAGE); /* EINVAL */
		free(small);
		free(block);
	}
}

unsigned la_version(unsigned version)
{
	return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t space, uintptr_t *cookie)
{
	(void)map;
	(void)space;
	(void)cookie;
	plugin_work(1);
	return 0;
}

static void *work(void *argument)
{
	(void)argument;
	plugin_work(3);
	return NULL;
}

void plugin_threads(unsigned count)
{
	pthread_t thread;

	for (unsigned i = 0; i < count; i++) {
		if (!pthread_create(&thread, NULL, work, NULL))
			pthread_join(thread, NULL);
	}
}

void plugin_fork(unsigned count)
{
	pid_t child = fork();

	if (child == 0) {
		plugin_work(count);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}
