/* throwing_host: a program in C that loads a plug-in in C++: whose unwinder throws there, is for the loader to say. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *plugin = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	int (*throwing)(void);

	if (!plugin) {
		puts(dlerror());
		return 2;
	}
	*(void **)&throwing = dlsym(plugin, "throwing");
	return throwing ? throwing() : 3;
}
