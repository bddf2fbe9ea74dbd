/*
 * plugins: loads FOLDER/0.so, FOLDER/1.so, ..., lets each map memory, and unloads it. For wrap.py.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0;

	for (int i = 0; i < count; i++) {
		char path[4096];
		void (*map)(int);
		void *object;

		snprintf(path, sizeof(path), "%s/%d.so", argv[1], i);
		object = dlopen(path, RTLD_NOW);
		if (!object) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		*(void **)&map = dlsym(object, "plugin_map");
		map(i);
		dlclose(object);
	}
	return 0;
}
