/*
 * replayed: what only a replay of the whole trace knows about its events: which changes no event explains,
 * which events are racy, which touched a VMA of a wanted kind. It goes ahead in a thread of its own, and whoever lists
 * the events waits only where it comes too close:
 *
 *     replay      ─────────────────────────────> what is known of events before this one is known for good
 *     listing     ──────────────> print
 */
#ifndef VMATRACE_CMD_REPLAYED_H
#define VMATRACE_CMD_REPLAYED_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/kinds.h"
#include "core/walk.h"
#include "event_bytes.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "options.h"
#include "render/event_json.h"

struct replayed_implicit {
	struct implicit_change change;
	enum vma_kind kind;
	enum implicit_cause cause;
	uint64_t position; /* it was seen before this seq was drawn */
};

struct replayed {
	/* Once it has ended: */
	struct replayed_implicit *implicit; /* in order of position */
	size_t implicit_count;
	struct walk_totals totals;
	bool has_base; /* false: nothing could be replayed, all is empty */

	struct trace *trace;
	struct symbols *symbols;
	const struct filter *filter;
	struct walk *walk;
	struct event_bytes marks; /* enum in the .c */
	atomic_bool given_up;
	bool failed; /* out of memory */
	bool started;
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of what is below, and of implicit while it grows */
	pthread_cond_t more;
	uint64_t known; /* all is known of events before this one */
	size_t placed;  /* implicit changes whose position is known */

	/* The same as the listing saw it last. */
	uint64_t seen_known;
	size_t seen_placed;
};

/*
 * False: out of memory. symbols: NULL: kinds are told by shapes alone; they are used by the thread only where the
 * filter asks for kinds, and then this returns when it has ended.
 */
bool replayed_start(struct replayed *replayed, struct trace *trace, struct symbols *symbols,
                    const struct filter *filter);
/* Returns when all is known of that event and what stands before it. UINT64_MAX: of all. */
void replayed_reach(struct replayed *replayed, uint64_t seq);
/*
 * Of what was reached. The implicit change of that number, its name the struct's; false: there is none of that
 * position or a lower one.
 */
bool replayed_implicit_until(struct replayed *replayed, size_t number, uint64_t position,
                             struct replayed_implicit *implicit);
bool replayed_is_racy(const struct replayed *replayed, uint64_t seq);
/* Of the kinds that the filter asked for. */
bool replayed_has_kind(const struct replayed *replayed, uint64_t seq);
/*
 * Ends it. give_up: what is not known yet is of no use. False: out of memory. A trace without a base is said on stderr
 * unless quiet.
 */
bool replayed_finish(struct replayed *replayed, bool give_up, bool quiet);
/* After that, or if it was never started. */
void replayed_release(struct replayed *replayed);

#endif
