/*
 * plugin.c: a library of so much data and bss, which maps and unmaps a page, so that stacks lead through it.
 */
#include <stddef.h>
#include <sys/mman.h>

#define PAGE 4096ul

char plugin_data[DATA_PAGES * PAGE] = { 1 };
char plugin_bss[BSS_PAGES * PAGE];

int plugin_use(void);

int plugin_use(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	plugin_bss[0] = plugin_data[0];
	return munmap(page, PAGE);
}
