/*
 * churn: a random program, the same for the same seed but for the order in which its threads run. It does
 * what makes libc and the loader change VMAs: malloc of all sizes, frees that trim, threads with stacks of all
 * sizes, plugins, second libcs, the break, fork; children go on in the same way. Where nothing else runs it
 * marks the trace and writes the kernel's list to FOLDER/PID.qN, through static memory.
 *
 *     churn SEED PLUGIN FOLDER
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmatrace/mark.h"

enum { PAGE = 4096, BLOCKS = 48, RANGES = 32, THREADS = 6, PHASES = 8, STEPS = 60, FORK_DEPTH = 2 };

struct range {
	char *start;
	size_t pages;
};

/* What one thread owns; nothing of it is shared. */
struct worker {
	uint64_t random;
	void *block[BLOCKS];
	struct range range[RANGES];
	void *plugin;
	void *space; /* the plugin in a namespace of its own */
	sem_t parked, leave;
	pthread_t thread;
	int alive;
	int stays; /* parked at the next quiescent point, else gone */
};

static struct worker workers[THREADS + 1];
static char text[1 << 20];
static const char *plugin_path, *folder;
static int own_file = -1;

static uint64_t draw(struct worker *worker, uint64_t limit)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random % limit;
}

static size_t draw_bytes(struct worker *worker)
{
	static const size_t most[] = { 200, 4000, 40000, 140000, 1 << 20, 64 << 20 };

	return 1 + draw(worker, most[draw(worker, 6)]);
}

/* Touched at both ends only: the size is what matters. */
static void touch(char *start, size_t bytes)
{
	start[0] = 1;
	start[bytes - 1] = 1;
}

static void do_malloc(struct worker *worker)
{
	unsigned i = (unsigned)draw(worker, BLOCKS);
	size_t bytes = draw_bytes(worker);

	free(worker->block[i]);
	worker->block[i] = draw(worker, 4) ? malloc(bytes) : memalign(PAGE, bytes);
	if (worker->block[i])
		touch(worker->block[i], bytes);
}

static void do_realloc(struct worker *worker)
{
	unsigned i = (unsigned)draw(worker, BLOCKS);
	size_t bytes = draw_bytes(worker);
	void *moved = realloc(worker->block[i], bytes);

	if (moved) {
		worker->block[i] = moved;
		touch(moved, bytes);
	}
}

static void do_free(struct worker *worker)
{
	unsigned first = (unsigned)draw(worker, BLOCKS);

	for (unsigned i = first; i < BLOCKS && i < first + 8; i++) {
		free(worker->block[i]);
		worker->block[i] = NULL;
	}
	if (!draw(worker, 8))
		malloc_trim(0);
}

static void do_map(struct worker *worker)
{
	struct range *range = &worker->range[draw(worker, RANGES)];
	int protection = (int)draw(worker, 8) & (PROT_READ | PROT_WRITE | PROT_EXEC);
	void *start;

	if (range->start)
		munmap(range->start, range->pages * PAGE);
	range->start = NULL;
	range->pages = 1 + draw(worker, draw(worker, 5) ? 12 : 2000);
	if (draw(worker, 3))
		start = mmap(NULL, range->pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		             0);
	else
		start = mmap(NULL, range->pages * PAGE, protection & ~PROT_WRITE,
		             draw(worker, 2) ? MAP_PRIVATE : MAP_SHARED, own_file,
		             (off_t)draw(worker, 3) * PAGE);
	if (start != MAP_FAILED)
		range->start = start;
}

static void do_change(struct worker *worker)
{
	struct range *range = &worker->range[draw(worker, RANGES)];
	size_t from, pages;

	if (!range->start)
		return;
	from = draw(worker, range->pages);
	pages = 1 + draw(worker, range->pages - from);
	if (draw(worker, 3)) {
		mprotect(range->start + from * PAGE, pages * PAGE,
		         (int)draw(worker, 2) * PROT_READ);
	} else {
		size_t grown = 1 + draw(worker, 40);
		void *moved =
			mremap(range->start, range->pages * PAGE, grown * PAGE, MREMAP_MAYMOVE);

		if (moved != MAP_FAILED)
			*range = (struct range) { moved, grown };
	}
}

static void do_plugin(struct worker *worker)
{
	if (worker->plugin) {
		dlclose(worker->plugin);
		worker->plugin = NULL;
	} else {
		worker->plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
	}
}

/* A libc of its own: 16 at most are to be had, and threads of a parent keep theirs. */
static void do_namespace(struct worker *worker)
{
	if (draw(worker, 4))
		return;
	if (worker->space) {
		dlclose(worker->space);
		worker->space = NULL;
		return;
	}
	worker->space = dlmopen(LM_ID_NEWLM, plugin_path, RTLD_NOW | RTLD_LOCAL);
	if (worker->space) {
		void (*work_there)(void) = (void (*)(void))dlsym(worker->space, "plugin_work");

		work_there();
	}
}

/* What an arena has grown by goes back when it is all free at its end; large blocks move with mremap. */
static void do_trim(struct worker *worker)
{
	char *many[40];
	char *large = malloc(1 << 20);

	for (unsigned i = 0; i < 40; i++)
		many[i] = malloc(60000);
	for (unsigned i = 0; i < 40; i++)
		free(many[i]);
	for (unsigned i = 0; large && i < 3; i++) {
		size_t bytes = (1 << 20) + (draw(worker, 64) << 16);
		char *moved = realloc(large, bytes);

		large = moved ? moved : large;
		touch(large, 1 << 20);
	}
	free(large);
}

static void steps(struct worker *worker)
{
	static void (*const acts[])(struct worker *) = {
		do_malloc, do_malloc, do_malloc, do_realloc, do_free,      do_map,
		do_map,    do_change, do_change, do_plugin,  do_namespace, do_trim,
	};

	for (unsigned i = 0; i < STEPS; i++)
		acts[draw(worker, sizeof(acts) / sizeof(acts[0]))](worker);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (int stays = 1; stays;) {
		steps(worker);
		/* Before the main thread may decide about the next phase. */
		stays = worker->stays;
		sem_post(&worker->parked);
		if (stays)
			sem_wait(&worker->leave);
	}
	return NULL;
}

/* The break is moved where no thread runs, and back only if nobody moved it since. */
static void move_break(struct worker *worker)
{
	intptr_t bytes = (intptr_t)draw(worker, 300000);
	char *before = sbrk(bytes);

	if (before != (void *)-1 && sbrk(0) == before + bytes && draw(worker, 2))
		sbrk(-bytes);
}

static void write_whole(int fd, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t wrote = write(fd, text + done, bytes - done);

		if (wrote <= 0)
			_exit(4);
		done += (size_t)wrote;
	}
}

static void quiescent(int number)
{
	char name[16], path[512];
	size_t bytes = 0;
	ssize_t got;
	int fd;

	snprintf(name, sizeof(name), "q%d", number);
	snprintf(path, sizeof(path), "%s/%d.%s", folder, getpid(), name);
	VMATRACE_MARK(name);
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while ((got = read(fd, text + bytes, sizeof(text) - bytes)) > 0)
		bytes += (size_t)got;
	close(fd);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	write_whole(fd, bytes);
	close(fd);
}

/* Sizes that repeat: libc keeps the stacks of threads that have ended, for the next that fits. */
static int start_thread(struct worker *self, struct worker *worker)
{
	static const size_t stack_bytes[] = { 8 << 20, 64 << 10, 1 << 20, 24 << 20 };
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, stack_bytes[draw(self, 4)]);
	pthread_attr_setguardsize(&attributes, draw(self, 3) * PAGE);
	error = pthread_create(&worker->thread, &attributes, work, worker);
	pthread_attr_destroy(&attributes);
	return error;
}

/* Starts threads that are not there, lets those that wait go on; returns when all are parked or gone. */
static void phase(struct worker *self)
{
	unsigned count = (unsigned)draw(self, THREADS + 1);
	int running[THREADS + 1] = { 0 };

	for (unsigned i = 1; i <= THREADS; i++) {
		struct worker *worker = &workers[i];

		if (i > count && !worker->alive)
			continue;
		worker->stays = (int)draw(self, 2);
		running[i] = 1;
		if (worker->alive) {
			sem_post(&worker->leave);
		} else if (start_thread(self, worker)) {
			running[i] = 0;
			continue;
		}
		worker->alive = 1;
	}
	steps(self);
	for (unsigned i = 1; i <= THREADS; i++) {
		if (!running[i])
			continue;
		sem_wait(&workers[i].parked);
		if (!workers[i].stays) {
			pthread_join(workers[i].thread, NULL);
			workers[i].alive = 0;
		}
	}
}

static void life(int depth, uint64_t seed)
{
	struct worker *self = &workers[0];
	int number = 0;

	for (unsigned i = 0; i <= THREADS; i++) {
		/* The threads of a parent are not here; what they had mapped is. */
		workers[i].alive = 0;
		workers[i].random = (seed + i + (uint64_t)depth * 1000) * 0x9e3779b97f4a7c15ull | 1;
		sem_init(&workers[i].parked, 0, 0);
		sem_init(&workers[i].leave, 0, 0);
		for (unsigned j = 0; j < 8; j++)
			draw(&workers[i], 2);
	}
	for (int i = 0; i < PHASES; i++) {
		phase(self);
		move_break(self);
		quiescent(number++);
		if (depth < FORK_DEPTH && draw(self, 4) == 0) {
			pid_t child = fork();
			int status;

			if (child == 0) {
				life(depth + 1, seed + draw(self, 1000));
				_exit(0);
			}
			if (waitpid(child, &status, 0) != child || status)
				_exit(3);
			quiescent(number++);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	plugin_path = argv[2];
	folder = argv[3];
	own_file = open(argv[0], O_RDONLY | O_CLOEXEC);
	life(0, strtoull(argv[1], NULL, 10));
	return 0;
}
