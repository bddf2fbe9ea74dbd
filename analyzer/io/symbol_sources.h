/*
 * symbol_sources: where symbols may be taken from, as the command line says. All zero: this machine's
 * files and the cache, no network.
 */
#ifndef VMATRACE_IO_SYMBOL_SOURCES_H
#define VMATRACE_IO_SYMBOL_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

enum { SYMBOL_DEBUG_DIR_LIMIT = 16 };

struct symbol_sources {
	const char *sysroot; /* the traced machine's "/"; NULL: this one's */
	const char *debug_dirs[SYMBOL_DEBUG_DIR_LIMIT]; /* asked before SYSROOT/usr/lib/debug */
	size_t debug_dir_count;
	bool debuginfod; /* ask the servers of DEBUGINFOD_URLS for what is not found here */
	bool no_cache;   /* neither read nor write what was learnt in earlier runs */
	/* Caches are as small as if so many readers shared what memory one may take; 0: one. */
	unsigned at_once;
};

#endif
