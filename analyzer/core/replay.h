/*
 * replay.h: one effect of one event -> one change of the map, chosen by the event's effect from a table.
 *
 * The rules are those of the kernel at the level of pages: what a call does to each page of its range,
 * never how the kernel splits and merges its VMAs for it. What the arguments do not tell (the identity of
 * shared anonymous memory, how far a failed call got) the event's rows do: they were read from the
 * kernel's own list just after the call and win over anything computed here.
 *
 * Owner: the caller of _new. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_REPLAY_H
#define VMATRACE_CORE_REPLAY_H

#include "order.h"
#include "pages.h"
#include "walk.h"

struct replay;

struct replay *replay_new(uint32_t page_bytes, uint64_t start_brk);
void replay_free(struct replay *replay);

/* The map becomes what the snapshot says, which must live as long as the replay. */
bool replay_load(struct replay *replay, const struct snapshot *snapshot);
/* So much of it does. */
bool replay_restore(struct replay *replay, const struct snapshot *snapshot,
                    const struct page_range *range);

/*
 * uncertain: the base was read while the call ran, so the map may show it already. *change tells what
 * happened; its kind is CHANGE_COUNT if nothing did. Its event and totals are left to the caller.
 */
bool replay_apply(struct replay *replay, const struct ordered *ordered, bool uncertain,
                  struct vma_change *change);

/*
 * True if what the last mremap applied left is not known: the base was read while it ran, its new range before
 * and its old one after it, and shows the pages in neither.
 */
bool replay_unseen(const struct replay *replay);

struct vma_map *replay_map(const struct replay *replay);
uint64_t replay_brk(const struct replay *replay);
/* What a snapshot says of the break. */
void replay_set_brk(struct replay *replay, uint64_t brk);
/* Effects that the kernel could not have had on the map as it was: log and model disagree. */
uint64_t replay_impossible(const struct replay *replay);

#endif
