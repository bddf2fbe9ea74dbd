/*
 * settings: the VMATRACE_* variables as one struct, read once from the envp of the constructor, because
 * getenv() does not work before libc is initialised. A bad value is one line on stderr and the default.
 */
#ifndef VMATRACE_PRELOAD_SETTINGS_H
#define VMATRACE_PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmatrace/trace_format.h"

enum { SETTINGS_PATH_BYTES = 1024 };

struct settings {
	char out[SETTINGS_PATH_BYTES]; /* pattern of the trace's path, absolute, or empty: none; %p %e %h %t */
	char program[256];             /* %e: last component of AT_EXECFN */
	char host[65];                 /* %h */
	uint64_t ring_bytes;
	uint64_t slot_count; /* a power of two, at least 16 */
	enum vmat_on_full on_full;
	enum vmat_stack_mode stack_mode;
	uint32_t depth;
	enum vmat_sites_off sites; /* VMAT_SITES_IN_FORCE: wanted; else why they are left alone */
	bool children;
	bool descendant; /* VMATRACE_CHILDREN=0, and this image is not the one it was said to */
	bool verbose;
	bool faults;          /* the address of a fatal fault is kept */
	char *children_value; /* the byte after VMATRACE_CHILDREN= in the environment, or NULL */
};

/* Fills *settings; prints to stderr what it does not understand. program: AT_EXECFN or NULL. */
void settings_read(struct settings *settings, char **envp, const char *program);

/* VMATRACE_VERBOSE alone, where nothing may be taken for the rest: why nothing is recorded. */
bool settings_are_verbose(char **envp);

/* One line on stderr: "vmatrace: " and the two texts. */
void settings_complain(const char *what, const char *detail);

#endif
