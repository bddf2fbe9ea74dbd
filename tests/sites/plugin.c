/*
 * plugin: what churn loads and unloads: all kinds of segments, a constructor that allocates.
 */
#include <stdlib.h>
#include <sys/mman.h>

static char bss[200000];
static char data[5000] = { 1 };
static void *block;

__attribute__((constructor)) static void begin(void)
{
	block = malloc(sizeof(bss));
	bss[0] = data[0];
}

void plugin_work(void);

/* On the libc that this copy is linked to. */
void plugin_work(void)
{
	char *pages =
		mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *mine = malloc(400000);

	block = realloc(block, 500000);
	mprotect(pages, 4096, PROT_READ);
	munmap(pages + 3 * 4096, 4096);
	free(mine);
	munmap(pages, 5 * 4096);
}

__attribute__((destructor)) static void end(void)
{
	free(block);
}
