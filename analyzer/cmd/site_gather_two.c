/*
 * site_gather_two: two moments of one trace, gathered in one walk to the later of them and one pass over its events.
 *
 *     walk     --------- A --------- B     at each the map is looked at
 *     calls     of both  |  of B     |     each counted once
 */
#include "io/beside.h"
#include "command.h"
#include "site_gather.h"
#include "site_gather_steps.h"

struct end {
	struct site_gathering *gathering;
	struct site_table *counted; /* calls that it counts and the other end does not */
	/* Behind what is counted, which is not known yet where the end is met. */
	struct site_table *live;
	bool over;
};

struct two {
	struct end ends[2];
	struct site_table *of_both; /* calls that both count, as those before the earlier end are */
	struct event_source calls;
	bool failed; /* the counting of calls: out of memory */
	struct walk *walk;
	uint64_t seq; /* of the last event */
};

/* Beside the walk. */
static void count_calls(void *context)
{
	struct two *two = context;
	struct end *a = &two->ends[0], *b = &two->ends[1];
	struct event event;

	while (!two->failed && two->calls.next(two->calls.self, &event)) {
		bool of_a = site_gathering_takes(a->gathering, &event);
		bool of_b = site_gathering_takes(b->gathering, &event);
		struct site_table *table = of_a && of_b ? two->of_both
		                           : of_a       ? a->counted
		                                        : b->counted;

		if (of_a || of_b)
			two->failed = !site_gathering_count(a->gathering, table, &event);
	}
	two->failed |= !site_table_settle(two->of_both) || !site_table_settle(a->counted) ||
	               !site_table_settle(b->counted);
}

/* The walk stands where the end is. */
static void arrive(struct two *two, struct end *end)
{
	struct site_gathering *gathering = end->gathering;
	struct moment *moment = &gathering->moment;

	end->over = true;
	if (moment_stand(moment, gathering->trace, gathering->symbols, two->walk, two->seq) ==
	    STATUS_FINE) {
		site_gathering_add_live(gathering, end->live);
		gathering->failed |= !gathering->arrived(gathering->context, moment);
	} else {
		gathering->failed = true;
	}
	moment_release(moment);
}

static bool goes_on(const struct two *two)
{
	return !(two->ends[0].over && two->ends[1].over) && !two->ends[0].gathering->failed &&
	       !two->ends[1].gathering->failed;
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct two *two = context;

	for (struct end *end = two->ends; end < two->ends + 2; end++) {
		if (end->over)
			continue;
		if (when_stops_before(&end->gathering->to, event))
			arrive(two, end);
		else
			site_gathering_before(end->gathering, walk, event);
	}
	return goes_on(two);
}

static void change(void *context, const struct vma_change *change)
{
	struct two *two = context;

	for (struct end *end = two->ends; end < two->ends + 2; end++)
		if (!end->over)
			site_gathering_change(end->gathering, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct two *two = context;

	(void)walk;
	two->seq = event->seq;
	for (struct end *end = two->ends; end < two->ends + 2; end++)
		if (!end->over && when_stops_after(&end->gathering->to, event))
			arrive(two, end);
	return goes_on(two);
}

/* False: out of memory. */
static bool begin_two(struct two *two)
{
	struct trace *trace = two->ends[0].gathering->trace;
	struct walk_input input;

	for (struct end *end = two->ends; end < two->ends + 2; end++) {
		struct site_gathering *gathering = end->gathering;

		gathering->moment.by_creator = true;
		gathering->table = site_table_new();
		end->live = site_table_new();
		end->counted = site_table_new();
		if (!gathering->table || !end->live || !end->counted)
			return false;
	}
	two->of_both = site_table_new();
	if (two->of_both && trace_walk_input(trace, &input))
		two->walk = walk_new(&input);
	return two->walk && trace_events(trace, &two->calls);
}

static enum walk_status walk_two(struct two *two)
{
	const struct walk_observer observer = {
		.context = two,
		.before = before,
		.change = change,
		.after = after,
	};
	enum walk_status status;
	struct beside beside;

	beside_start(&beside, count_calls, two);
	status = walk_run(two->walk, &observer);
	for (struct end *end = two->ends; end < two->ends + 2 && status == WALK_DONE; end++)
		if (!end->over)
			arrive(two, end);
	beside_end(&beside);
	for (struct end *end = two->ends; end < two->ends + 2; end++) {
		end->gathering->failed |= two->failed;
		site_gathering_add(end->gathering, two->of_both);
		site_gathering_add(end->gathering, end->counted);
		site_gathering_add(end->gathering, end->live);
	}
	return status;
}

int site_gather_two(struct site_gathering *const both[2])
{
	struct two two = { .ends = { { .gathering = both[0] }, { .gathering = both[1] } } };
	enum walk_status status = begin_two(&two) ? walk_two(&two) : WALK_NO_MEMORY;

	walk_free(two.walk);
	site_table_free(two.of_both);
	for (struct end *end = two.ends; end < two.ends + 2; end++) {
		site_table_free(end->counted);
		site_table_free(end->live);
	}
	if (status == WALK_NO_BASE)
		return complain(
			STATUS_TRACE,
			"cannot replay '%s': no snapshot of the address space survives in it",
			trace_path(both[0]->trace));
	if (status == WALK_NO_MEMORY || both[0]->failed || both[1]->failed)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(both[0]->trace));
	return STATUS_FINE;
}
