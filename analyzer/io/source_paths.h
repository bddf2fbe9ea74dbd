/*
 * source_paths: where a source file lies, from the two names that DWARF gives it. A compiler that was told
 * "../src/app.c" writes down just that, and beside it the folder that it ran in:
 *
 *     /project/build    ../src/app.c    ->  /project/src/app.c
 *     /project/src      sub/x.c         ->  /project/src/sub/x.c
 *     .                 sub/x.c         ->  sub/x.c                 (built with -ffile-prefix-map)
 *
 * By the names alone: the files need not be there. Dots go, too, where the name was absolute.
 *
 * Owner: the caller; source_paths_release() frees the contents; all 0 is empty.
 */
#ifndef VMATRACE_IO_SOURCE_PATHS_H
#define VMATRACE_IO_SOURCE_PATHS_H

#include "core/number_table.h"

struct source_path {
	const char *folder;
	const char *name;
	char *whole;
};

struct source_paths {
	struct source_path *items;
	size_t count;
	struct number_table by_name;
};

/*
 * folder: DW_AT_comp_dir, NULL: not said. Both names must stay where they are; the answer lives as long as
 * the paths. Out of memory: the name as it is.
 */
const char *source_paths_whole(struct source_paths *paths, const char *folder, const char *name);
void source_paths_release(struct source_paths *paths);

#endif
