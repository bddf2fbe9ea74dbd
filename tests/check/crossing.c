/*
 * crossing: writes code in one process and runs it in another: what was writable before a fork is made executable
 * after it.
 *
 *     crossing child       the child makes it executable, its parent has given it back meanwhile
 *     crossing grandchild  a child of the child does
 *     crossing threads     the parent's other threads make and give back memory all the time
 *     crossing clean       what the child makes executable was never writable: read-only in the parent, or mapped anew
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

static atomic_bool over;

static char *map_pages(int prot)
{
	return mmap(NULL, 4 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_code(char *code)
{
	mprotect(code, PAGE, PROT_READ | PROT_EXEC); /* found: crossing */
}

/* Waits until the parent has closed its end. */
static void await(const int ends[2])
{
	char byte;

	close(ends[1]);
	while (read(ends[0], &byte, 1) > 0)
		;
	close(ends[0]);
}

static void *busy(void *argument)
{
	while (!over) {
		char *pages = map_pages(PROT_READ | PROT_WRITE);

		munmap(pages, 4 * PAGE);
	}
	return argument;
}

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";
	char *written = map_pages(PROT_READ | PROT_WRITE);
	char *clean = map_pages(PROT_READ);
	pthread_t thread;
	int ends[2];

	if (strcmp(how, "threads") == 0)
		pthread_create(&thread, NULL, busy, NULL);
	memset(written, 0xc3, 4 * PAGE);
	mprotect(written, 4 * PAGE, PROT_READ);
	if (pipe(ends) != 0)
		return 1;
	if (fork() == 0) {
		await(ends);
		if (strcmp(how, "clean") == 0) {
			make_code(clean);
			munmap(written, 4 * PAGE);
			mmap(written, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			     -1, 0);
		} else if (strcmp(how, "grandchild") == 0) {
			munmap(clean, 4 * PAGE);
			if (fork() != 0) {
				wait(NULL);
				_exit(0);
			}
		}
		make_code(written);
		_exit(0);
	}
	munmap(written, 4 * PAGE);
	munmap(clean, 4 * PAGE);
	close(ends[0]);
	close(ends[1]);
	wait(NULL);
	over = true;
	if (strcmp(how, "threads") == 0)
		pthread_join(thread, NULL);
	return 0;
}
