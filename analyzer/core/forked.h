/*
 * forked: what a fork child has of its parent's past. Its trace begins with the kernel's list, which says what may
 * be written now; what could be written before the fork only the walk through its parent knows.
 *
 *     parent   ... @seen |fork ........ @head ...        seen: behind the last event of the thread that forked
 *     child              ........ first event            head: the parent's ring when the child began its trace
 *
 * When the child came into being is known as far as between the two. What was writable once at either moment, or
 * was made so in between, counts: events of that time are other threads', or of after the fork.
 *
 * Owner: the caller; forked_release(). Fails: only when out of memory, forked_failed().
 */
#ifndef VMATRACE_CORE_FORKED_H
#define VMATRACE_CORE_FORKED_H

#include "number_table.h"
#include "walk.h"

enum fork_moment {
	FORK_TO_COME, /* the walk has not come to `seen` */
	FORK_OPEN,    /* it stands between the two */
	FORK_KNOWN,   /* it has come by `head` */
	FORK_LOST,    /* what was before `head` was written over */
};

struct fork_child {
	uint64_t id; /* of its trace */
	uint64_t seen;
	uint64_t head;
	enum fork_moment moment;
	struct walk_range *written;
	size_t count;
	size_t capacity;
};

struct forked {
	struct fork_child *children;
	size_t count;
	struct number_table by_id; /* their places + 1 */
	bool failed;
	size_t first; /* inside: of the trace being walked through, the first that is not done with */
	struct walk_observer inner; /* inside: who else watches */
};

/*
 * For each trace: those that it forked are expected, its walk is watched, and the walk ends. seen: 0 is not
 * known, as good as head.
 */
void forked_expect(struct forked *forked, uint64_t child, uint64_t seen, uint64_t head);
/* Puts itself before the observer. */
void forked_watch(struct forked *forked, struct walk_observer *observer);
/* What a child still waits for is how the walk ended. */
void forked_end(struct forked *forked, const struct walk *walk);
/* NULL: nothing is known of what it began with. */
const struct fork_child *forked_find(const struct forked *forked, uint64_t child);
void forked_release(struct forked *forked);

#endif
