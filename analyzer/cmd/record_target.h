/*
 * record_target: which file a command line would really run, and whether a preload can reach it.
 * The loader says little when it cannot preload, and nothing at all in a static program; so
 * `record` looks before it starts anything: execvp's search, the #! line, the ELF header.
 *
 *     "pip3" ── PATH ──> path "/usr/bin/pip3" ── #! ──> image "/usr/bin/python3" ── ELF ──> verdict
 */
#ifndef VMATRACE_CMD_RECORD_TARGET_H
#define VMATRACE_CMD_RECORD_TARGET_H

#include <limits.h>

/* The values are what `record` exits with, those of env(1). */
enum target_status {
	TARGET_FINE = 0,
	TARGET_UNTRACEABLE = 125,    /* it would run, but not traced */
	TARGET_NOT_EXECUTABLE = 126, /* found, but exec would refuse it */
	TARGET_NOT_FOUND = 127,
};

struct target {
	char path[PATH_MAX];  /* what exec is given */
	char image[PATH_MAX]; /* the ELF file that runs: path, or the interpreter of its script */
	char sanitizer[NAME_MAX + 1]; /* a runtime that insists on being loaded first, "" none */
	char reason[PATH_MAX + 256];  /* why not, for the user; "" if fine */
};

/* search_path: the value of PATH, or NULL. */
enum target_status target_resolve(struct target *target, const char *command,
                                  const char *search_path);

#endif
