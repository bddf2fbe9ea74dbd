/*
 * intruder.h: what the acts of intruder share.
 */
#ifndef VMATRACE_TESTS_HOSTILE_INTRUDER_H
#define VMATRACE_TESTS_HOSTILE_INTRUDER_H

#include <stddef.h>

struct row {
	char *start;
	size_t length;
	char path[256];
};

/* The recorder's ring; where there is none, pages of our own. */
struct row ring_row(void);

/* intruder_writes.c */
void ring_scribbled(void);
void ring_changing(void);

#endif
