/*
 * acts: what the tests of the site layer do inside a program. Each prints what it saw, the same with and
 * without the recorder; how it ends is its verdict.
 *
 *     acts NAME [COUNT]
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCK = 300 << 10 };

static _Noreturn void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- threads: each has a stack, an arena and mappings; one after the other, so that addresses repeat --- */

static sem_t begun, leave;

static void *live(void *argument)
{
	char *blocks[8];
	void *pages =
		mmap(NULL, PAGE * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned i = 0; i < 8; i++) {
		blocks[i] = malloc(i % 2 ? 100000 : BLOCK);
		if (blocks[i])
			blocks[i][0] = 1;
	}
	for (unsigned i = 0; i < 8; i += 3)
		free(blocks[i]);
	mprotect(pages, PAGE, PROT_READ);
	sem_post(&begun);
	if (!argument)
		sem_wait(&leave);
	return NULL;
}

static void threads(int count)
{
	pthread_t thread;

	sem_init(&begun, 0, 0);
	sem_init(&leave, 0, 0);
	for (int i = 0; i < count; i++) {
		bool leaves = i % 3 == 2;

		if (pthread_create(&thread, NULL, live, leaves ? &leave : NULL))
			fail("pthread_create");
		sem_wait(&begun);
		if (leaves)
			pthread_join(thread, NULL);
	}
}

/* --- calls: a loop under which other tools look ------------------------------------------------------ */

__attribute__((noinline)) static int map_once(int i)
{
	void *pages = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages, PAGE, PROT_READ) || munmap(pages, PAGE))
		fail("mmap");
	return i + 1;
}

__attribute__((noinline)) static int grow_once(int i)
{
	char *block = malloc(BLOCK);

	if (!block)
		fail("malloc");
	memset(block, i, BLOCK);
	free(block);
	return i + 1;
}

/* Else malloc would keep blocks of this size on its heap after the first one is freed. */
static void map_large_blocks(void)
{
	mallopt(M_MMAP_THRESHOLD, BLOCK / 2);
}

static void calls(int count)
{
	map_large_blocks();
	for (int i = 0; i < count;)
		i = i % 2 ? grow_once(i) : map_once(i);
	printf("%d done\n", count);
}

/* --- cancel: threads that are cancelled wherever they are in a loop of calls --------------------------- */

static int cancel_type;

static void *loop(void *argument)
{
	int old;

	(void)argument;
	pthread_setcanceltype(cancel_type, &old);
	for (int i = 0;; i++) {
		void *pages;

		pages = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages != MAP_FAILED)
			munmap(pages, PAGE);
		/* malloc is not async-cancel-safe: a lock would stay taken. */
		if (cancel_type == PTHREAD_CANCEL_DEFERRED) {
			free(malloc(BLOCK));
			pthread_testcancel();
		}
	}
	return NULL;
}

static void cancel(int count)
{
	for (int i = 0; i < count; i++) {
		pthread_t thread[2];
		void *how;

		cancel_type = i % 2 ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
		for (unsigned j = 0; j < 2; j++) {
			if (pthread_create(&thread[j], NULL, loop, NULL))
				fail("pthread_create");
		}
		usleep((unsigned)(i % 7) * 100);
		for (unsigned j = 0; j < 2; j++)
			pthread_cancel(thread[j]);
		for (unsigned j = 0; j < 2; j++) {
			pthread_join(thread[j], &how);
			if (how != PTHREAD_CANCELED)
				fail("a thread that was not cancelled");
		}
	}
	grow_once(1);
	printf("%d cancelled\n", count * 2);
}

/* --- handler: backtrace() out of whatever a timer interrupts ------------------------------------------- */

static volatile sig_atomic_t taken, whole;
static void *main_return;

static void look(int signal)
{
	void *pc[64];
	int saved = errno;
	int count = backtrace(pc, 64);

	(void)signal;
	taken++;
	/* main's caller is at the end of a whole one. */
	for (int i = 0; i < count; i++) {
		if (pc[i] == main_return) {
			whole++;
			break;
		}
	}
	errno = saved;
}

static void handler(int count)
{
	struct itimerval every = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	struct sigaction action = { .sa_handler = look, .sa_flags = SA_RESTART };
	void *pc[64];

	map_large_blocks();
	/* Loads libgcc_s: not in a handler. */
	backtrace(pc, 64);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; taken < count; i++)
		i = i % 2 ? grow_once(i) : map_once(i);
	setitimer(ITIMER_REAL, &never, NULL);
	if (taken != whole)
		printf("%d of %d stacks did not reach main\n", taken - whole, taken);
	else
		printf("all stacks reach main\n");
}

/* --- text: the bytes of libc's functions and the VMAs they are in -------------------------------------- */

static void text(int count)
{
	static const char *const names[] = { "mmap", "munmap",  "mprotect",
		                             "brk",  "madvise", "mremap" };
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	char line[512];
	FILE *maps;
	int writable = 0, executable = 0, libc_rows = 0;

	(void)count;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const uint8_t *at = dlsym(libc, names[i]);

		printf("%s", names[i]);
		for (unsigned j = 0; at && j < 64; j++)
			printf(" %02x", at[j]);
		printf("\n");
	}
	maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "/libc.so.6") && !strstr(line, "/ld-linux"))
			continue;
		libc_rows++;
		executable += strstr(line, "x") && strstr(line, " r-xp ");
		writable += strstr(line, "wxp") != NULL;
	}
	printf("rows %d executable %d writable-and-executable %d\n", libc_rows, executable,
	       writable);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*act)(int count);
	} acts[] = {
		{ "threads", threads }, { "calls", calls }, { "cancel", cancel },
		{ "handler", handler }, { "text", text },
	};

	main_return = __builtin_return_address(0);
	for (unsigned i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (!strcmp(argv[1], acts[i].name)) {
			acts[i].act(argc > 2 ? atoi(argv[2]) : 1);
			return 0;
		}
	}
	return 2;
}
