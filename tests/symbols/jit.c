/*
 * jit.c: a function that is made at run time calls mmap(), and /tmp/perf-PID.map says what it is called. Prints
 * the name of that file, which is left for whoever runs this to remove.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void map_a_page(void)
{
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
	/* push %rbp; mov %rsp,%rbp; mov $map_a_page,%rax; call *%rax; pop %rbp; ret */
	static const uint8_t before[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8 };
	static const uint8_t after[] = { 0xff, 0xd0, 0x5d, 0xc3 };
	uint8_t *code =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*target)(void) = map_a_page;
	void (*made)(void);
	char path[64];
	FILE *map;

	if (code == MAP_FAILED)
		return 1;
	memcpy(code, before, sizeof(before));
	memcpy(code + sizeof(before), &target, sizeof(target));
	memcpy(code + sizeof(before) + sizeof(target), after, sizeof(after));
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC) != 0)
		return 1;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "wx");
	if (!map)
		return 1;
	fprintf(map, "%lx 1000 old name\n", (unsigned long)(uintptr_t)code);
	fprintf(map, "%lx 20 LazyCompile:*made it.js:7\n", (unsigned long)(uintptr_t)code);
	fprintf(map, "%lx 10 next\nnot a line\n", (unsigned long)(uintptr_t)code + 0x20);
	if (fclose(map) != 0)
		return 1;
	memcpy(&made, &code, sizeof(made));
	made();
	puts(path);
	return 0;
}
