/*
 * trailing: a walk that stands at the peak when another walk, which finds the peak, has ended. It goes through the same
 * trace behind the other, in a thread of its own, and never beyond the highest peak that the other has met yet:
 *
 *     leader     ──────────── peak ──────────── higher peak ─────────────────── end
 *     trailing   ──────── waits here ────────── then here, where it stays
 *
 * Peaks are told apart by how many changes a walk had told of: one event may make several.
 * Where there is no thread to be had it walks once the leader has ended, as far and with the same result.
 */
#ifndef VMATRACE_CMD_TRAILING_H
#define VMATRACE_CMD_TRAILING_H

#include <pthread.h>

#include "moment.h"

struct trailing {
	struct moment moment;
	uint64_t changes; /* that it has told of */
	uint64_t allowed; /* as far as it knows */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of what is below: it is said by the leader */
	pthread_cond_t said;
	uint64_t peak;
	bool ended; /* there will be no other peak */
	bool given_up;
};

/* Before the leader begins. STATUS_FINE, or one line on stderr and what to exit with: there is nothing to end then. */
int trailing_start(struct trailing *trailing, struct trace *trace, struct symbols *symbols);
/* The leader has met a peak after that many changes, its own included. */
void trailing_allow(struct trailing *trailing, uint64_t changes);
/*
 * The leader has ended, and its last peak was after that many changes. STATUS_FINE: the moment is there. give_up: it
 * is not asked for. Release in either case.
 */
int trailing_end(struct trailing *trailing, uint64_t changes, bool give_up);
void trailing_release(struct trailing *trailing);

#endif
