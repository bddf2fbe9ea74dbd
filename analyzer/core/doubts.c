/*
 * doubts: see the header.
 */
#include "doubts.h"

#include <stdlib.h>

static bool add(struct doubt_call **calls, size_t *count, const struct doubt_call *call)
{
	struct doubt_call *grown = *calls;

	if (*count == DOUBT_LIMIT)
		return true;
	/* Full at each power of two. */
	if ((*count & (*count - 1)) == 0)
		grown = reallocarray(*calls, *count ? 2 * *count : 1, sizeof(*grown));
	if (!grown)
		return false;
	*calls = grown;
	grown[(*count)++] = *call;
	return true;
}

bool doubts_add(struct doubts *doubts, const struct event *event, uint64_t times,
                uint32_t page_bytes)
{
	struct doubt_call call = { .moment = event->exit, .times = times };

	event_touch(event, page_bytes, &call.touch);
	return add(&doubts->impossible, &doubts->impossible_count, &call);
}

bool doubts_add_in_flight(struct doubts *doubts, const struct event *event, uint32_t page_bytes)
{
	struct doubt_call call = { .moment = event->enter };

	event_touch(event, page_bytes, &call.touch);
	return add(&doubts->in_flight, &doubts->in_flight_count, &call);
}

static bool excuses(const struct doubt_call *in_flight, const struct doubt_call *impossible)
{
	if (in_flight->moment > impossible->moment)
		return false;
	/* Where these two are, the call alone does not say. */
	if (in_flight->touch.anywhere || in_flight->touch.attachment)
		return true;
	for (size_t i = 0; i < in_flight->touch.count; i++) {
		for (size_t j = 0; j < impossible->touch.count; j++) {
			if (page_ranges_overlap(&in_flight->touch.ranges[i],
			                        &impossible->touch.ranges[j]))
				return true;
		}
	}
	return false;
}

uint64_t doubts_excused(const struct doubts *doubts)
{
	uint64_t excused = 0;

	for (size_t i = 0; i < doubts->impossible_count; i++) {
		size_t j = 0;

		while (j < doubts->in_flight_count &&
		       !excuses(&doubts->in_flight[j], &doubts->impossible[i]))
			j++;
		if (j < doubts->in_flight_count)
			excused += doubts->impossible[i].times;
	}
	return excused;
}

void doubts_release(struct doubts *doubts)
{
	free(doubts->impossible);
	free(doubts->in_flight);
	*doubts = (struct doubts) { 0 };
}
