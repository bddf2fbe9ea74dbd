/*
 * modules: which object was loaded where, with build-id, into the trace. An object is written when it is
 * first met: at start all that are loaded, later those whose code appears in a stack (found without the
 * loader's lock, through _dl_find_object); again when another object has taken its place.
 */
#ifndef VMATRACE_PRELOAD_MODULES_H
#define VMATRACE_PRELOAD_MODULES_H

#include <stdbool.h>
#include <stdint.h>

/* All objects loaded now. Takes the loader's lock: in a constructor only. */
void modules_snapshot(void);

/* The object that `pc` lies in, if it was not written yet. No lock, no system call, no allocation. */
void modules_note(uint64_t pc);

/* True if pc is in an object that was loaded at start: the loader unloads none of those. */
bool modules_stay(uint64_t pc);

#endif
