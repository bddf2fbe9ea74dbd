/*
 * modules_table: the objects written to the trace so far, in memory that a fork child keeps.
 *
 * Their records lie in a section of their own, because stacks refer to them by address for as long as there are
 * events: here nothing is written over but the record of an object that another one has displaced, and only
 * once the ring has been lapped twice since.
 */
#ifndef VMATRACE_PRELOAD_MODULES_TABLE_H
#define VMATRACE_PRELOAD_MODULES_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

enum {
	MODULES_LIMIT = 1024,
	MODULES_UNIT = 256, /* bytes; a record takes one or more, side by side */
	MODULES_UNITS = 2048,
	MODULES_BYTES = MODULES_UNITS * MODULES_UNIT,
};

struct modules_table {
	uint32_t count;     /* entries reserved; an entry counts once its end is set */
	uint32_t own_first; /* those that the recorder brought in lie from here ... */
	uint32_t own_end;   /* ... to here */
	uint32_t units;     /* of the section taken */
	uint32_t stay;      /* so many, the first, were loaded at start */
	uint64_t own_low;   /* the recorder's own lie in [own_low, own_high) */
	uint64_t own_high;
	struct modules_entry {
		uint64_t start;
		uint64_t end;       /* 0: being filled, or another object lies there now */
		uint64_t displaced; /* the head as that was seen, 0: it was not */
		uint32_t unit;
		uint16_t units; /* 0: the section was full */
		uint16_t own;   /* the recorder brought it in */
	} entry[MODULES_LIMIT];
};

void modules_table_init(struct modules_table *table);

/* In a fork child: writes the parent's modules, from its still mapped ring, into the child's trace. */
void modules_copy_from(const struct ring *parent);

/* True if pc is in an object that only the recorder brought into the process. */
bool modules_are_own(uint64_t pc);

#endif
