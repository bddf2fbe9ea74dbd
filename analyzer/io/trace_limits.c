/*
 * trace_limits.c: which resource limits were in force when a call failed.
 */
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"

bool trace_take_limits(struct trace *trace, const struct vmat_record *record,
                       const uint8_t *payload)
{
	struct vmat_limits *limits;

	if (record->bytes < sizeof(*limits)) {
		trace->counts.damaged_records++;
		return true;
	}
	limits = APPEND(trace->limits, trace->limits_count);
	if (limits)
		memcpy(limits, payload, sizeof(*limits));
	return limits;
}

static int compare(const void *left, const void *right)
{
	const struct vmat_limits *a = left, *b = right;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

void trace_limits_sort(struct trace *trace)
{
	if (trace->limits_count)
		qsort(trace->limits, trace->limits_count, sizeof(*trace->limits), compare);
}

enum limits_known trace_limits(const struct trace *trace, uint64_t seq, struct vmat_limits *limits)
{
	size_t low = 0, high = trace->limits_count;
	bool whole = trace->limits_count >= trace->control.limits_stored;

	while (low < high) { /* the first behind it */
		size_t middle = low + (high - low) / 2;

		if (trace->limits[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	/* Of two calls that failed at once the later one may have looked first. */
	if (low > 0 || (trace->limits_count && whole)) {
		*limits = trace->limits[low ? low - 1 : 0];
		return LIMITS_AT_CALL;
	}
	*limits = (struct vmat_limits) { .as = trace->header.limit_as,
		                         .data = trace->header.limit_data,
		                         .memlock = trace->header.limit_memlock };
	return trace->control.limits_stored ? LIMITS_LOST : LIMITS_AT_START;
}
