/*
 * plugin.c: built twice, as plug-ins of the same size that map a page, with another name and place of FUNCTION.
 */
#include <stddef.h>
#include <sys/mman.h>

void plugin_maps(void);

static void *FUNCTION(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void plugin_maps(void)
{
	munmap(FUNCTION(), 4096);
}
