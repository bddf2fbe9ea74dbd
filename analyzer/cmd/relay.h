/*
 * relay: what one thread finds, another works on behind it, in the same order. A replay of ten million events takes
 * seconds, and what a report makes of its changes as long again; neither needs to wait for the other.
 *
 *     giver    ... change change change ──batch──> batch batch batch ──> take(), one by one
 *
 * What is given is copied into slots of a fixed number, so memory is too; the giver waits where the taker falls
 * behind. Where there is no thread to be had take() is called by the giver, with the same result.
 *
 * An item of whole lines of the processor's cache shares none with its neighbours.
 *
 * Owner: the caller of _new. One thread gives.
 */
#ifndef VMATRACE_CMD_RELAY_H
#define VMATRACE_CMD_RELAY_H

#include <stdbool.h>
#include <stddef.h>

struct relay;

/* take: called with each item in turn, which it may change. NULL: out of memory. */
struct relay *relay_new(size_t item_bytes, void (*take)(void *context, void *item), void *context);
/*
 * Before the first is given. foresee: called with an item that is to be taken, some others before it, to fetch meanwhile
 * what take() will look at: twice, `soon` the second time, when what was fetched the first time is there and may say
 * what else to fetch. Its thread is take()'s; what it does may make no difference but in time.
 */
typedef void relay_foresees(void *context, const void *item, bool soon);
void relay_foresee(struct relay *relay, relay_foresees *foresee);
/* Room for one item, which is the caller's until relay_give(). */
void *relay_room(struct relay *relay);
void relay_give(struct relay *relay);
/* Returns when all that was given is taken: from then on until the next give, the taker touches nothing. */
void relay_drain(struct relay *relay);
/* Drains it first. NULL is fine. */
void relay_free(struct relay *relay);

#endif
