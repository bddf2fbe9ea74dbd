/* library: what calls.c calls through a PLT, bound on the first call, and is called back from. */
#include <stddef.h>
#include <sys/mman.h>

void library_calls(void (*back)(void));

void library_calls(void (*back)(void))
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	back();
	munmap(page, 4096);
}
