/* host: a C program that loads a C++ plugin, whose exceptions are caught inside it. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*run)(int) = NULL;
	int caught = 0;

	if (!plugin) {
		fprintf(stderr, "host: %s\n", dlerror());
		return 1;
	}
	*(void **)&run = dlsym(plugin, "plugin_run");
	for (int i = 0; run && i < 100; i++) {
		void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		caught += run(i);
		munmap(page, 4096);
	}
	return caught == 100 ? 0 : 1;
}
