/*
 * debuginfod: debug files from the servers that DEBUGINFOD_URLS names, only when the user asked for it. The
 * library is loaded when it is needed: most machines have no use for it. Files stay in its own cache
 * (debuginfod(7)).
 */
#ifndef VMATRACE_IO_DEBUGINFOD_H
#define VMATRACE_IO_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

struct debuginfod;

/* NULL: the library is not installed, or out of memory. */
struct debuginfod *debuginfod_new(void);
void debuginfod_free(struct debuginfod *debuginfod);

/* A descriptor of the debug file and its path, both the caller's; -1 and NULL if no server has it. */
int debuginfod_fetch(struct debuginfod *debuginfod, const uint8_t *build_id, size_t build_id_bytes,
                     char **path);

#endif
