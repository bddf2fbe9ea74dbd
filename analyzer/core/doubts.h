/*
 * doubts: calls that the replay finds impossible, held against the calls in flight. A process that is killed
 * leaves calls that the kernel had done and that never got to say so:
 *
 *     T1  munmap A ...                   in flight at the end
 *     T2         mmap = A                impossible, but for T1's call
 *
 * Such a call excuses each impossible one that ended after it entered and touches the same pages.
 */
#ifndef VMATRACE_CORE_DOUBTS_H
#define VMATRACE_CORE_DOUBTS_H

#include "event.h"
#include "pages.h"

/* Of a log that is all nonsense no more are looked at than this; what is over stays unexcused. */
enum { DOUBT_LIMIT = 4096 };

struct doubts {
	struct doubt_call {
		uint64_t moment; /* exit of an impossible call, enter of one in flight */
		uint64_t times;
		struct touch touch;
	} * impossible, *in_flight;
	size_t impossible_count;
	size_t in_flight_count;
};

/* False: out of memory. times: how often the replay doubted it. */
bool doubts_add(struct doubts *doubts, const struct event *event, uint64_t times,
                uint32_t page_bytes);
bool doubts_add_in_flight(struct doubts *doubts, const struct event *event, uint32_t page_bytes);
/* How many doubts calls in flight excuse. */
uint64_t doubts_excused(const struct doubts *doubts);
void doubts_release(struct doubts *doubts);

#endif
