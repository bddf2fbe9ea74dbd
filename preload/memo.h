/*
 * memo: the same-stack memo. A stack that was walked before need not be walked again.
 *
 * A walk hangs on the caller's pc and sp, on rbp if it was used, on the thread (which bounds it), on the recipes,
 * and on the words of the stack that it read, in their order. If all are as they were, so is the stack: its id
 * in the trace is given without a walk. The words are looked at in the order of the walk, each only when all
 * before it were unchanged, so no word is read that a walk would not read: memory that went away meanwhile, a
 * coroutine's or an ended thread's, is never touched.
 *
 *     hash(pc, sp, thread) --> a set of MEMO_WAYS memos:  [ state | pc sp bp thread epoch | id | words ]
 *
 * One table for all threads, bounded, nothing to set up or clean up for a thread. No lock: `state` is the version
 * of a memo, looked at again before any word is used; while somebody fills a memo it names that thread, and
 * nobody waits. A walk always fills one: its frames need a place that is not the program's stack.
 */
#ifndef VMATRACE_PRELOAD_MEMO_H
#define VMATRACE_PRELOAD_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

enum {
	MEMO_WAYS =
		4, /* different stacks with the same pc and sp are common: one callee, two calls */
	MEMO_SETS = 64,
};

struct memo;

/* What a stack hangs on beside its words. */
struct memo_key {
	struct frame_registers at;
	uint64_t thread;
	uint64_t epoch; /* of whatever else a stack id holds for: the recipes, the trace's arena */
};

struct memo_stack {
	uint32_t id;
	uint16_t flags; /* enum vmat_event_flag */
};

/* Bytes of zeroed private memory that the table wants; wiped or copied in a fork child. */
size_t memo_memory_bytes(void);
void memo_init(void *memory);

/* True: the stack is the one in *found. */
bool memo_find(const struct memo_key *key, struct memo_stack *found);

/*
 * A memo to walk into, of the key's set or one of the next; or one that is for walking only, where stack after stack of
 * the set was new, until one is found again (one of 16 is looked for). NULL: all of them are being filled. One that a longjmp
 * out of a signal handler left in the middle is taken again by its thread, if this walk is its `outermost`, so that
 * no other can be waiting to go on; and not soon, lest a clone that goes by the same thread pointer is at it.
 */
struct memo *memo_take(const struct memo_key *key, bool outermost);
struct unwind_walk *memo_walk(struct memo *memo);
/* The walk is done and stored: *stack is the answer from now on, if the walk can be repeated. NULL: forget it. */
void memo_fill(struct memo *memo, const struct memo_key *key, const struct memo_stack *stack);

#endif
