/*
 * races.h: which attribute calls overlap in time another call on the same pages. Part of order: its events
 * are added in the order of exit, each is held against those whose time it overlaps.
 *
 * Two events overlap in time if neither returned before the other began, that is exit >= enter of the
 * other, both ways. As events come by rising exit, those that overlap the newest are a tail of the list.
 *
 * Two cases look like races and are none. What the kernel placed lay on free pages: who changed these pages
 * at the same time did so before their release. And a release that is slow to return had freed its pages
 * when whoever got them returned: who changes them from then on changes the new ones.
 */
#ifndef VMATRACE_CORE_RACES_H
#define VMATRACE_CORE_RACES_H

#include "event.h"

struct races;

/* window: the largest exit - enter of all events. */
struct races *races_new(uint64_t window);
void races_free(struct races *races);

/*
 * Calls mark(context, slot) for each attribute call that the new event shows to be racy, itself
 * included. slot: the caller's name for the event. False: out of memory.
 */
bool races_add(struct races *races, const struct event *event, uint32_t slot, uint32_t page_bytes,
               void (*mark)(void *context, uint32_t slot), void *context);

#endif
