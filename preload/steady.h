/*
 * steady: may a page of a file, once it was stored to, be stored to for ever? The ring asks for its pages ahead
 * and stores to them afterwards, any number of times, and a store has no way to fail but SIGBUS.
 *
 * File systems that write in place keep that promise: tmpfs, ext4 and xfs do, full or over quota. A copy-on-write one
 * takes new room for a page each time it is stored to after it was written back. btrfs need not for files without
 * copy-on-write (chattr +C, which only an empty file takes), from Linux 6.17 on (linux:fs/btrfs/file.c, btrfs_page_mkwrite);
 * but it charges a limited qgroup each time. What is left: a snapshot of the subvolume that is taken meanwhile makes
 * the file copy-on-write once more.
 */
#ifndef VMATRACE_PRELOAD_STEADY_H
#define VMATRACE_PRELOAD_STEADY_H

#include <stdbool.h>

/* fd: a file just made, empty; it is made one without copy-on-write. False: a store to it may end the program. */
bool steady_make(long fd);

#endif
