/*
 * base.h: what a walk begins with: the address space that its first snapshot shows, and what that could not show of
 * it: whose a mapping is, and what was writable before.
 */
#ifndef VMATRACE_CORE_BASE_H
#define VMATRACE_CORE_BASE_H

#include "replay.h"
#include "walk.h"

/* False: out of memory. */
bool base_load(struct replay *replay, const struct walk_input *input,
               const struct snapshot *snapshot);
/* Of an event that returned before the base was read: what it did is there already, but for whose it is. */
bool base_holds(struct replay *replay, const struct event *event, uint32_t page_bytes);

#endif
