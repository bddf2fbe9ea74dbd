/*
 * libraries: chapter "shared libraries: r-x, r--, rw- and the ---p gap".
 *
 * Loads two plugins, shows the rows of each, and unloads one. Both are built from plugin.c; one
 * is laid out as linkers do today (four segments: headers and constants r--, text r-x, constants
 * r--, data rw-), the other as they did when segments were kept 2 MiB apart. In the second the
 * loader's one big mapping leaves a hole between text and data, and takes its rights away: the
 * ---p row of older listings.
 *
 * True today: that gap is gone from ordinary libraries (binutils aligns to 4 KiB since 2.31),
 * and what was one r-x row is three: r--, r-x, r--. The loader maps each library once, whole,
 * then lays the segments over it with MAP_FIXED.
 *
 * dlopen() and dlclose() make their calls inside the loader. This sample's account has only its own; the
 * trace has the loader's too, and the one plugin left loaded must be in the last snapshot as they say.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

/* The plugin of that name beside this program. */
static void *load(const char *name)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	snprintf(slash + 1, 64, "%s", name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* The rights of every row of the file, in address order. */
static void show(const char *name)
{
	size_t lines = own_maps_read();
	struct own_row row;
	int rows = 0;

	for (size_t i = 0; i < lines; i++) {
		if (!own_maps_line(i, &row) || !strstr(row.name, name))
			continue;
		print("%s: %s %8lu bytes from offset 0x%lx\n", name, row.perms, row.end - row.start,
		      row.offset);
		rows++;
	}
	print("%s: %d rows\n", name, rows);
}

static int call(void *plugin)
{
	int (*answer)(void) = NULL;

	/* POSIX promises that a function's address fits; C has no cast that says so. */
	*(void **)&answer = dlsym(plugin, "plugin_answer");
	return answer ? answer() : -1;
}

int main(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *today;
	void *old;

	ACCOUNT_BEGIN();
	MARK("before");
	today = load("libsample_plugin.so");
	old = load("libsample_plugin_2mib.so");
	if (!today || !old) {
		print("cannot load the plugins: %s\n", dlerror());
		return 1;
	}
	MARK("loaded");
	show("libsample_plugin.so");
	show("libsample_plugin_2mib.so");
	print("their answers: %d and %d\n", call(today), call(old));

	dlclose(old);
	MARK("unloaded");
	show("libsample_plugin_2mib.so");

	/* A library is a file like any other: this maps one byte of it as data. */
	DID(mmap, NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	own_maps_print();
	return 0;
}
