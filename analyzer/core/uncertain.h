/*
 * uncertain.h: what a snapshot cannot know, because calls ran while it was read, and what of a difference between it
 * and the model that leaves uncertain.
 *
 *     items         [ A          )            in the order in which the calls became known
 *                          [ B        )   [ C   )
 *     certainty     uncertain    |       | certain | uncertain      a piece ends where that of which it is does
 *
 * A trace may have a call of any number of events beside one snapshot: no question takes time in proportion to all.
 *
 * Owner: the caller. Fails: false or NULL only when out of memory.
 */
#ifndef VMATRACE_CORE_UNCERTAIN_H
#define VMATRACE_CORE_UNCERTAIN_H

#include "event.h"

enum uncertain_kind {
	UNCERTAIN_RANGE,      /* all pages of it */
	UNCERTAIN_ANYWHERE,   /* new pages of that length, wherever they are */
	UNCERTAIN_ATTACHMENT, /* pages of a SysV segment attached at start */
};

/* What calls that ran while one snapshot was read may have changed. All 0 is empty. */
struct uncertain {
	struct uncertain_item {
		enum uncertain_kind kind;
		uint64_t start;
		uint64_t end;
	} * items;
	size_t count;
	size_t capacity;
};

/* Adds what the call touches. */
bool uncertain_add(struct uncertain *uncertain, const struct event *event, uint32_t page_bytes);
void uncertain_release(struct uncertain *uncertain);

/* Of items that stay as they are. */
struct certainty;

struct certainty *certainty_new(const struct uncertain *uncertain);
void certainty_free(struct certainty *certainty);
/*
 * The end of what begins at `at` and is uncertain all over, by the first item that has it, or certain all over; at most
 * `end`. Asked in the order of addresses; from anywhere else on it begins anew, which takes time.
 */
uint64_t certainty_end(struct certainty *certainty, uint64_t at, uint64_t end, bool *certain);
/*
 * True if so many bytes are what some of the mapping calls ask for, wherever they map it: the kernel puts one mapping
 * beside the other, and alike they are one. Tried are single calls, such as ask for the same, and, where there are not
 * very many, three of all.
 */
bool certainty_asked_for(const struct certainty *certainty, uint64_t bytes);
/* True if a call attached a SysV segment at the address, or detached it. */
bool certainty_has_attachment(const struct certainty *certainty, uint64_t address);

#endif
