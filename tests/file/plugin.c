/*
 * plugin: what plugins.c loads under many names.
 */
#include <stdlib.h>
#include <sys/mman.h>

void plugin_map(int number);

void plugin_map(int number)
{
	void *at =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, (off_t)number << 12);

	if (at == MAP_FAILED || munmap(at, 4096))
		abort();
}
