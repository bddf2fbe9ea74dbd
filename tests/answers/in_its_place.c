/*
 * in_its_place: a library is loaded, used and unloaded; a larger one comes to lie where it was and below; then the
 * first one is there again. Prints "kind START END KIND" of the second as the dynamic linker has it, and marks the
 * moments. While the second is there the most is mapped. Exits with 77 where the second did not come to lie there.
 */
#include <dlfcn.h>
#include <link.h>

#include "answers.h"

enum { BLOCK_BYTES = 64 << 20 };

static void *load(const char *name)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	int (*use)(void) = NULL;
	void *library;

	path[length > 0 ? length : 0] = '\0';
	snprintf(strrchr(path, '/') + 1, 64, "lib%s.so", name);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	/* POSIX promises that a function's address fits; C has no cast that says so. */
	if (library)
		*(void **)&use = dlsym(library, "plugin_use");
	if (!use || use() != 0)
		exit(10);
	return library;
}

static uintptr_t address(void *library, const char *name)
{
	return (uintptr_t)dlsym(library, name);
}

int main(void)
{
	void *library = load("answers_small"), *block;
	uintptr_t small = (uintptr_t)((struct link_map *)library)->l_addr, data, bss;

	VMATRACE_MARK("first");
	dlclose(library);
	library = load("answers_large");
	data = address(library, "plugin_data");
	bss = address(library, "plugin_bss");
	/* What tells the two apart: of the first, only the bss lies in its place. */
	if (!(data < small && small <= bss))
		return 77;
	dprintf(STDOUT_FILENO, "kind %zx %zx data\n", (size_t)data, (size_t)data + 1);
	dprintf(STDOUT_FILENO, "kind %zx %zx bss\n", (size_t)bss + PAGE, (size_t)bss + PAGE + 1);
	block = map(BLOCK_BYTES);
	VMATRACE_MARK("second");
	munmap(block, BLOCK_BYTES);
	dlclose(library);
	load("answers_small");
	VMATRACE_MARK("third");
	return 0;
}
