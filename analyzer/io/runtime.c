/*
 * runtime.c: two lists of names, of libraries and of functions.
 */
#include "runtime.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

/* Base names of libraries all of whose code is machinery. */
static const char *const modules[] = {
	"libc.so*",         "libc-[0-9]*.so*",  "ld-linux*.so*",    "ld-[0-9]*.so*",
	"ld-musl-*.so*",    "ld64.so*",         "libpthread*.so*",  "libdl[.-]*so*",
	"librt[.-]*so*",    "libvmatrace*.so*", "libjemalloc*.so*", "libtcmalloc*.so*",
	"libmimalloc*.so*", "libhoard*.so*",    "libsnmalloc*.so*", "linux-vdso*.so*",
	"[[]vdso[]]",
};

/* Allocators built into programs (and into the C++ library) are known by what they define. */
static const char *const functions[] = {
	"malloc",           "calloc",   "realloc",       "reallocarray", "free",    "cfree",
	"posix_memalign",   "memalign", "aligned_alloc", "valloc",       "pvalloc", "operator new*",
	"operator delete*", "je_*",     "mi_*",          "tc_*",
};

static bool listed(const char *const *globs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (fnmatch(globs[i], name, 0) == 0)
			return true;
	}
	return false;
}

bool runtime_owns(const char *module, const char *function)
{
	const char *slash = module ? strrchr(module, '/') : NULL;

	if (module &&
	    listed(modules, sizeof(modules) / sizeof(modules[0]), slash ? slash + 1 : module))
		return true;
	return function && listed(functions, sizeof(functions) / sizeof(functions[0]), function);
}
