/*
 * snapshot: the kernel's own list of VMAs, /proc/self/maps, into the trace. Its text is kept as it is; the
 * analyzer parses it.
 */
#ifndef VMATRACE_PRELOAD_SNAPSHOT_H
#define VMATRACE_PRELOAD_SNAPSHOT_H

#include <stdint.h>

#include "vmatrace/trace_format.h"

/* The whole list, with the ring's head before and after the read. Failures are counted. */
void snapshot_take(enum vmat_snapshot_reason reason);

/* The lines that touch [start, end): record id, 0 if they could not be read or stored. */
uint32_t snapshot_rows(uint64_t start, uint64_t end);
/* The lines that touch either range, in address order. */
uint32_t snapshot_rows_of_two(uint64_t start, uint64_t end, uint64_t other_start,
                              uint64_t other_end);

#endif
