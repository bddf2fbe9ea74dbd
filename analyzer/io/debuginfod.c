/*
 * debuginfod.c: see debuginfod.h.
 */
#include "debuginfod.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct client;

/* As <elfutils/debuginfod.h> of libdebuginfod.so.1 declares them. */
typedef struct client *begin_function(void);
typedef void end_function(struct client *client);
typedef int find_function(struct client *client, const unsigned char *build_id, int build_id_bytes,
                          char **path);

struct debuginfod {
	void *library;
	end_function *end;
	find_function *find;
	struct client *client;
};

/* ISO C has no cast from object to function pointers; POSIX promises that the bytes are the same. */
static bool resolve(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol;
}

struct debuginfod *debuginfod_new(void)
{
	struct debuginfod *debuginfod = calloc(1, sizeof(*debuginfod));
	begin_function *begin;

	if (!debuginfod)
		return NULL;
	debuginfod->library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (debuginfod->library && resolve(debuginfod->library, "debuginfod_begin", &begin) &&
	    resolve(debuginfod->library, "debuginfod_end", &debuginfod->end) &&
	    resolve(debuginfod->library, "debuginfod_find_debuginfo", &debuginfod->find))
		debuginfod->client = begin();
	if (debuginfod->client)
		return debuginfod;
	debuginfod_free(debuginfod);
	return NULL;
}

void debuginfod_free(struct debuginfod *debuginfod)
{
	if (!debuginfod)
		return;
	if (debuginfod->client)
		debuginfod->end(debuginfod->client);
	/* The library stays loaded: curl's may have left threads and handlers behind. */
	free(debuginfod);
}

int debuginfod_fetch(struct debuginfod *debuginfod, const uint8_t *build_id, size_t build_id_bytes,
                     char **path)
{
	*path = NULL;
	if (build_id_bytes == 0 || build_id_bytes > 64)
		return -1;
	return debuginfod->find(debuginfod->client, build_id, (int)build_id_bytes, path);
}
