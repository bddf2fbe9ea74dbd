/*
 * proc_maps: the text of /proc/PID/maps as rows.
 *
 *     7f1200000000-7f1200021000 rw-p 00000000 103:01 1234                      /usr/lib/my lib.so (deleted)
 *     start        end          prot offset   device inode                     name, to the end of the line
 *
 * Six fields, the last may be missing, may hold blanks, and has a newline written as \012 (proc(5),
 * fs/proc/task_mmu.c show_map_vma). It is kept as it stands. Device numbers are hexadecimal, the inode
 * is decimal.
 *
 * Owner: the caller; proc_maps_release() frees the rows and their names. A line that is no row is skipped
 * and counted. Fails: false only when out of memory.
 */
#ifndef VMATRACE_IO_PROC_MAPS_H
#define VMATRACE_IO_PROC_MAPS_H

#include "core/event.h"

struct proc_maps {
	struct vma_row *rows;
	size_t count;
	size_t bad_lines;
	char *names;
};

bool proc_maps_parse(struct proc_maps *maps, const char *text, size_t bytes);
void proc_maps_release(struct proc_maps *maps);

#endif
