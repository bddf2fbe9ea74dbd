/*
 * order.h: recorded calls -> the order the kernel did them in.
 *
 * The kernel serialises the changes of one address space; user space sees only that each happened between
 * `enter` (a load of the ring's head just before the call) and `exit` (the slot drawn from it just after).
 * Each effect is put where it cannot contradict another:
 *
 *     effect              calls                                                    key
 *     releases pages      munmap, shmdt, brk and sbrk shrinking                    2 enter
 *     acquires pages      mmap, shmat, brk and sbrk growing, remap_file_pages      2 exit + 1
 *     both                mremap: what only the old range had | the new range      2 enter | 2 exit + 1
 *     changes attributes  mprotect, madvise, mlock, mbind, mseal, ...              2 exit + 1, maybe racy
 *     none, failed        all others                                               2 exit + 1
 *
 * Proof. (1) Acquire A gets pages that release R freed: R's load came before its system call, that before
 * A's (through mmap_lock), that before A's draw; so enter(R) <= exit(A), and 2 enter(R) < 2 exit(A) + 1: R
 * first. (2) Release R' frees what acquire A mapped, knowing the address: A's draw came before R's load, so
 * enter(R') >= exit(A) + 1 and 2 enter(R') > 2 exit(A) + 1: A first. MAP_FIXED, SHM_REMAP and MREMAP_FIXED
 * replace in one critical section, so they need no release of their own. Clocks play no part.
 *
 * An attribute call that overlaps in time another call on the same pages has no order that these numbers
 * tell: it is marked racy, unless an acquire in between tells (races.h). Two calls of one thread overlap
 * only if a signal handler made one of them.
 *
 * Calls in flight come last and whole, those that were left (left.h) as if they had no effect. Whether the kernel did
 * them is not known, so nobody applies them.
 *
 * One pass, in memory proportional to the window (the largest exit - enter of the trace): what is not yet
 * read has exit > s, the last read, so its keys are at least 2 (s + 1 - window).
 *
 * Owner: the caller of _new. Fails: order_peek() says ORDER_NO_MEMORY.
 */
#ifndef VMATRACE_CORE_ORDER_H
#define VMATRACE_CORE_ORDER_H

#include "event.h"

enum order_half {
	ORDER_WHOLE,
	ORDER_RELEASE, /* the first half of an event that has two */
	ORDER_ACQUIRE, /* the second */
};

struct ordered {
	const struct event *event; /* valid until the next call of any order function */
	enum order_half half;
	uint64_t key;
};

enum order_status {
	ORDER_SOME,
	ORDER_END,
	ORDER_NO_MEMORY,
};

struct order;

struct order *order_new(const struct event_source *source, uint64_t window, uint32_t page_bytes);
void order_free(struct order *order);
/* Before anything is read: so many events more are to be read than the order needs, and a few more at times. */
void order_read_ahead(struct order *order, uint32_t events);

/* The next effect, which stays the next until it is taken. */
enum order_status order_peek(struct order *order, struct ordered *ordered);
/* Takes what order_peek() gave just before. The event stays valid. */
void order_take(struct order *order);
/* Reads the source until no unread event can have entered at or before `head`. False: out of memory. */
bool order_read_past(struct order *order, uint64_t head);

#endif
