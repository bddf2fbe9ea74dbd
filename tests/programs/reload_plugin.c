/*
 * reload_plugin.c: built twice, with frames of different sizes and functions of different names.
 */
#include <sys/mman.h>

void plugin_maps(void);

__attribute__((noinline)) static void WHO(void)
{
	void *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page, 4096);
	__asm__ volatile("");
}

void plugin_maps(void)
{
	char frame[FRAME_BYTES];

	__asm__ volatile("" : : "r"(frame) : "memory");
	WHO();
	__asm__ volatile("");
}
