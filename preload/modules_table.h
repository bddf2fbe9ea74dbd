/*
 * modules_table: the objects written to the trace so far, in memory that a fork child keeps.
 */
#ifndef VMATRACE_PRELOAD_MODULES_TABLE_H
#define VMATRACE_PRELOAD_MODULES_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

enum { MODULES_LIMIT = 1024 };

struct modules_table {
	uint32_t count;     /* entries reserved; an entry counts once its end is set */
	uint32_t own_first; /* those that the recorder brought in lie from here ... */
	uint32_t own_end;   /* ... to here */
	uint32_t reserved;
	struct {
		uint64_t start;
		uint64_t end;    /* 0: being filled, or another object lies there now */
		uint32_t record; /* id in the trace */
		uint32_t own;    /* the recorder brought it in */
	} entry[MODULES_LIMIT];
};

void modules_table_init(struct modules_table *table);

/* In a fork child: writes the parent's modules, from its still mapped ring, into the child's trace. */
void modules_copy_from(const struct ring *parent);

/* True if pc is in an object that only the recorder brought into the process. */
bool modules_are_own(uint64_t pc);

#endif
