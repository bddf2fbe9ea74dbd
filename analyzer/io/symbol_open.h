/*
 * symbol_open: opens a file that a trace or an ELF file names. Such a name is not to be trusted: whatever is
 * no regular file is not opened at all, so that no FIFO blocks and no device does what devices do.
 */
#ifndef VMATRACE_IO_SYMBOL_OPEN_H
#define VMATRACE_IO_SYMBOL_OPEN_H

#include <sys/stat.h>

/*
 * A read-only, close-on-exec descriptor of the regular file, or -1. root: a folder that paths, their symbolic
 * links included, do not lead out of; NULL: "/".
 */
int open_regular(const char *root, const char *path, struct stat *status);

#endif
