/*
 * maps_text: rows as /proc/PID/maps prints them, byte for byte (fs/proc/task_mmu.c show_map_vma()),
 * and optionally who made each behind them.
 */
#ifndef VMATRACE_RENDER_MAPS_TEXT_H
#define VMATRACE_RENDER_MAPS_TEXT_H

#include <stdio.h>

#include "core/vma_map.h"

enum {
	MAPS_NAME_COLUMN = 73, /* where a name begins */
	MAPS_LINE_LIMIT = 160, /* of a row without its name */
};

/* The row without name and newline; returns its length. */
size_t maps_text_row(char *text, size_t bytes, const struct vma_row *row);
/*
 * A whole line. who: NULL, or what to put behind the name, at column `who_column` if there is room. terminal: one reads it,
 * and the name, a stranger's, is escaped as in all other reports; else it is the kernel's byte for byte.
 */
void maps_text_line(FILE *out, const struct vma_row *row, const char *who, size_t who_column,
                    bool terminal);
/* Length of the line without newline. */
size_t maps_text_length(const struct vma_row *row);
/* A line of a part of the row above: indented, so that nobody takes it for a row. */
void maps_text_part(FILE *out, const struct vma_row *row, const char *kind, const char *who);

#endif
