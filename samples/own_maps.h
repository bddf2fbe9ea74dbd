/*
 * own_maps: a program's reading of its own /proc/self/maps, made so that the reading changes
 * nothing: open and read into a static buffer, no stdio, no malloc. Not atomic (each read()
 * returns a page at most), so read it while no other thread changes the address space.
 */
#ifndef VMATRACE_SAMPLES_OWN_MAPS_H
#define VMATRACE_SAMPLES_OWN_MAPS_H

#include <stdbool.h>
#include <stddef.h>

/* One line of maps: its six fields. Range half-open, in bytes. */
struct own_row {
	unsigned long start;
	unsigned long end;
	char perms[5];
	unsigned long offset;
	unsigned int dev_major;
	unsigned int dev_minor;
	unsigned long inode;
	char name[256]; /* cut if longer; "" if the row has none */
};

/* Reads the list anew. Returns the number of lines, 0 if it could not be read. */
size_t own_maps_read(void);

/* The line'th row of the last reading. False: there is none. */
bool own_maps_line(size_t line, struct own_row *row);

/* Reads anew and finds the row that holds address. False: nothing is mapped there. */
bool own_maps_find(const void *address, struct own_row *row);

/* Parses one line, which ends at '\n' or NUL. False: it is not one. */
bool own_maps_parse(const char *line, struct own_row *row);

/*
 * Reads anew and prints every line between "maps: begin PID" and "maps: end". With SAMPLE_DIES in the
 * environment the process then kills itself with SIGKILL: what a trace says of it must be the same.
 */
void own_maps_print(void);

#endif
