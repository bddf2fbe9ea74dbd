/*
 * left.h: calls that a jump out of a signal handler, or a cancellation, has left before they said how they ended
 * (VMAT_EVENT_LEFT). The kernel had done each, or not:
 *
 *     T1  munmap A ...         left
 *     T1  mmap = A             possible only if it was done
 *     snapshot                 tells, once and for all
 *
 * Nobody applies them. What a snapshot shows otherwise where one of them may have been at work is explained by it,
 * and so is a call that needed it. A snapshot that began after it and left nothing out settles it.
 */
#ifndef VMATRACE_CORE_LEFT_H
#define VMATRACE_CORE_LEFT_H

#include "event.h"
#include "implicit.h"

/* All 0 is empty. */
struct left {
	struct event *calls;
	size_t count;
	size_t capacity;
};

/* False: out of memory. */
bool left_add(struct left *left, const struct event *event);
/* True if one of them makes the call possible: it had entered before this one returned, on the same pages. */
bool left_excuses(const struct left *left, const struct event *event, uint32_t page_bytes);
/* What those that were left before the snapshot began may have changed. False: out of memory. */
bool left_items(const struct left *left, const struct snapshot *snapshot, uint32_t page_bytes,
                struct uncertain *items);
/* The snapshot has told of them. */
void left_settle(struct left *left, const struct snapshot *snapshot);
void left_release(struct left *left);

#endif
