/*
 * races.h: which attribute calls overlap in time another call on the same pages. Part of order: its events
 * are added in the order of exit, each is held against those whose time it overlaps.
 *
 * A mapping that the kernel placed is no party to a race: its pages were free, so an attribute call that
 * overlaps it in time was made on what lay there before (nobody knows the new address yet). The release in
 * between began after the attribute call had returned, or it is itself what the call races with; either way
 * the keys of order.h put the three in this order.
 *
 * Two events overlap in time if neither returned before the other began, that is exit >= enter of the
 * other, both ways. As events come by rising exit, those that overlap the newest are a tail of the list.
 */
#ifndef VMATRACE_CORE_RACES_H
#define VMATRACE_CORE_RACES_H

#include "event.h"

struct races;

/* window: the largest exit - enter of all events. */
struct races *races_new(uint64_t window);
void races_free(struct races *races);

/*
 * Calls mark(context, slot, seq) for each attribute call that the new event shows to be racy, itself
 * included. slot: the caller's name for the event. False: out of memory.
 */
bool races_add(struct races *races, const struct event *event, uint32_t slot, uint32_t page_bytes,
               void (*mark)(void *context, uint32_t slot, uint64_t seq), void *context);

#endif
