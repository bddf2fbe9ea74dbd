/*
 * kinds_judge: maps memory of every kind, asks those who know what each address is for (the dynamic linker,
 * the threads library, malloc, the kernel's auxiliary vector), and prints "kind START END KIND" of each. The
 * test holds `vmatrace maps` against it.
 */
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/shm.h>

#include "answers.h"

enum { THREADS = 3 };
/* glibc: arenas lie in heaps aligned to their size (malloc/arena.c HEAP_MAX_SIZE). */
#define HEAP_BYTES (64ull << 20)

static pthread_barrier_t barrier;

static void say(const void *start, size_t bytes, const char *kind)
{
	dprintf(STDOUT_FILENO, "kind %zx %zx %s\n", (size_t)start, (size_t)start + bytes, kind);
}

static void say_stack(const char *kind)
{
	pthread_attr_t attributes;
	void *start;
	size_t bytes, guard;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &start, &bytes);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_destroy(&attributes);
	/* Of the main stack only what is there already, which holds this frame. */
	say(strcmp(kind, "main-stack") == 0 ? (void *)&attributes : start,
	    strcmp(kind, "main-stack") == 0 ? 1 : bytes, kind);
	if (strcmp(kind, "thread-stack") == 0 && guard)
		say((char *)start - guard, guard, "guard");
}

static void *work(void *unused)
{
	char *block = malloc(1000);

	(void)unused;
	pthread_barrier_wait(&barrier); /* all of them have arenas of their own */
	say_stack("thread-stack");
	if ((uintptr_t)block % HEAP_BYTES)
		say((void *)((uintptr_t)block / HEAP_BYTES * HEAP_BYTES), 1, "malloc-arena");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier); /* the moment is marked */
	free(block);
	return NULL;
}

/* A library of data alone, loaded when recording has long begun. */
static void load_constants(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);

	path[length > 0 ? length : 0] = '\0';
	strcpy(strrchr(path, '/') + 1, "libanswers_constants.so");
	if (!dlopen(path, RTLD_NOW))
		exit(10);
}

static int say_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	const char *loader = strstr(info->dlpi_name, "ld-linux");

	(void)size;
	(void)unused;
	if (!strcmp(info->dlpi_name, "linux-vdso.so.1") || strstr(info->dlpi_name, "libvmatrace") ||
	    strstr(info->dlpi_name, "libunwind") || strstr(info->dlpi_name, "liblzma"))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *kind = segment->p_flags & PF_X   ? "text"
		                   : segment->p_flags & PF_W ? "data"
		                                             : "rodata";
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		/* Its first byte; of what is written its last, since relro lies before it. */
		if (segment->p_type == PT_LOAD && segment->p_filesz)
			say((void *)(start + (segment->p_flags & PF_W ? segment->p_filesz - 1 : 0)),
			    1, loader ? "loader" : kind);
	}
	return 0;
}

static void map_some(void)
{
	int fd = memfd_create("judge", 0);
	char name[64];
	int shm;
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);

	say(mmap(NULL, PAGE, PROT_READ, ANONYMOUS, -1, 0), PAGE, "anonymous");
	say(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, ANONYMOUS, -1, 0), PAGE, "jit");
	if (ftruncate(fd, PAGE) == 0)
		say(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE, "memfd");
	say(shmat(id, NULL, 0), PAGE, "sysv");
	shmctl(id, IPC_RMID, NULL);
	snprintf(name, sizeof(name), "/kinds_judge.%d", (int)getpid());
	shm = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	if (ftruncate(shm, PAGE) == 0)
		say(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, shm, 0), PAGE, "shm");
	shm_unlink(name);
	fd = open("/proc/self/exe", O_RDONLY);
	say(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), PAGE, "file");
}

int main(void)
{
	pthread_t threads[THREADS];
	char *block;

	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	/* Below the last guard: right above a stack the kernel would make one VMA of both. */
	block = malloc(8 << 20);
	say_stack("main-stack");
	say(block, 8 << 20, "malloc-block");
	say((char *)sbrk(0) - 1, 1, "heap");
	say((void *)getauxval(AT_SYSINFO_EHDR), 1, "vdso");
	map_some();
	load_constants();
	dl_iterate_phdr(say_object, NULL);
	VMATRACE_MARK("judged");
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	free(block);
	return 0;
}
