/*
 * reload.c: loads two plugins in turn, so that each lies where the other was, and calls into them. A stack
 * taken in the one must not be told as the other's.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	for (int i = 0; argc > 2 && i < 6; i++) {
		void *plugin = dlopen(argv[1 + i % 2], RTLD_NOW);
		void (*map)(void) = plugin ? (void (*)(void))dlsym(plugin, "plugin_maps") : NULL;

		if (!map) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		map();
		dlclose(plugin);
	}
	return 0;
}
