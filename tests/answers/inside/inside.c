/*
 * inside: preloaded into a program that none of us wrote, asks those who know what its memory is for when a
 * signal comes: the dynamic linker, the threads library, malloc. It writes what they say, and a test holds the
 * kinds that vmatrace gives against it:
 *
 *     segment START END FLAGS FILE-END PATH     dl_iterate_phdr, FILE-END: where what the file holds ends
 *     relro START END PATH
 *     stack START END GUARD                     pthread_getattr_np of each living thread
 *     malloc ...                                malloc_info's XML, a line each
 */
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t living[THREADS];
static size_t living_count;
static char folder[4096];

struct begin {
	void *(*start)(void *);
	void *argument;
};

static void leave(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < living_count; i++) {
		if (living[i] == pthread_self())
			living[i] = living[--living_count];
	}
	pthread_mutex_unlock(&lock);
}

static void *run(void *of)
{
	struct begin begin = *(struct begin *)of;
	void *result;

	free(of);
	pthread_mutex_lock(&lock);
	if (living_count < THREADS)
		living[living_count++] = pthread_self();
	pthread_mutex_unlock(&lock);
	pthread_cleanup_push(leave, NULL);
	result = begin.start(begin.argument);
	pthread_cleanup_pop(1);
	return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct begin *begin = malloc(sizeof(*begin));

	*(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
	*begin = (struct begin) { start, argument };
	return next(thread, attributes, run, begin);
}

static int say_segments(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD)
			fprintf(out, "segment %zx %zx %u %zx %s\n", start, start + segment->p_memsz,
			        segment->p_flags, start + segment->p_filesz, info->dlpi_name);
		if (segment->p_type == PT_GNU_RELRO)
			fprintf(out, "relro %zx %zx %s\n", start, start + segment->p_memsz,
			        info->dlpi_name);
	}
	return 0;
}

static void say_stack(FILE *out, pthread_t thread)
{
	pthread_attr_t attributes;
	size_t bytes, guard;
	void *start;

	if (pthread_getattr_np(thread, &attributes))
		return;
	pthread_attr_getstack(&attributes, &start, &bytes);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_destroy(&attributes);
	fprintf(out, "stack %zx %zx %zx\n", (size_t)start, (size_t)start + bytes, guard);
}

/* Not async-signal-safe: the test asks a process that sleeps. */
static void tell(int signal)
{
	char path[4200], done[4200];
	FILE *out;

	(void)signal;
	snprintf(path, sizeof(path), "%s/%d.part", folder, (int)getpid());
	snprintf(done, sizeof(done), "%s/%d.told", folder, (int)getpid());
	out = fopen(path, "w");
	if (!out)
		return;
	dl_iterate_phdr(say_segments, out);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < living_count; i++)
		say_stack(out, living[i]);
	pthread_mutex_unlock(&lock);
	malloc_info(0, out);
	fclose(out);
	rename(path, done);
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action = { .sa_handler = tell, .sa_flags = SA_RESTART };

	/* Programs clear their environment. */
	snprintf(folder, sizeof(folder), "%s",
	         getenv("KINDS_INSIDE") ? getenv("KINDS_INSIDE") : "");
	sigaction(SIGRTMIN + 9, &action, NULL);
}
