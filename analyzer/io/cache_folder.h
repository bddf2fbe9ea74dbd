/*
 * cache_folder: the user's folder of what earlier runs learnt, $XDG_CACHE_HOME/vmatrace/symbols or
 * ~/.cache/vmatrace/symbols. Small files, each read and replaced as a whole.
 *
 * Nobody else's: a folder or file that another user owns or may write to is left alone. A new file takes the
 * place of the old one at once, so that runs side by side see one or the other.
 */
#ifndef VMATRACE_IO_CACHE_FOLDER_H
#define VMATRACE_IO_CACHE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* A descriptor of the folder, made if it is not there; -1: none can be used. */
int cache_folder_open(void);

/* All of the file, the caller's to free, or NULL. One that is larger than the limit is not read. */
void *cache_folder_read(int folder, const char *name, size_t limit, size_t *bytes);

/* False: could not be written, and the file is as it was. */
bool cache_folder_write(int folder, const char *name, const void *data, size_t bytes);

/* If there are more files than `most`, those written longest ago go, down to three quarters of it. */
void cache_folder_trim(int folder, size_t most);

#endif
