/*
 * site_gather_two: two moments of one trace, gathered in one walk to the later of them and one pass over its events.
 *
 *     walk     --------- A --------- B     at each the map is looked at
 *     calls     of both  |  of B     |     each counted once
 *
 * Splits are not counted: of two moments nobody asks for them.
 */
#include "io/beside.h"
#include "command.h"
#include "site_gather.h"
#include "site_gather_steps.h"

/* What is counted for the ends, each call once, whether it is of both or of one. */
struct share {
	struct site_table *of_both; /* as what is before the earlier end is */
	struct site_table *of[2];
};

struct end {
	struct site_gathering *gathering;
	/* Behind what is counted, which is not known yet where the end is met. */
	struct site_table *live;
	bool over;
};

struct two {
	struct end ends[2];
	struct share calls;
	struct event_source events;
	bool failed; /* the counting of calls: out of memory */
	bool said;   /* and where an end is: that was said */
	struct walk *walk;
	uint64_t seq; /* of the last event */
};

static bool share_begin(struct share *share)
{
	share->of_both = site_table_new();
	share->of[0] = site_table_new();
	share->of[1] = site_table_new();
	return share->of_both && share->of[0] && share->of[1];
}

static void share_release(struct share *share)
{
	site_table_free(share->of_both);
	site_table_free(share->of[0]);
	site_table_free(share->of[1]);
}

/* NULL: of neither. */
static struct site_table *share_of(const struct share *share, bool of_a, bool of_b)
{
	if (of_a && of_b)
		return share->of_both;
	return of_a ? share->of[0] : of_b ? share->of[1] : NULL;
}

/* To the table of that end what is its. */
static void share_add(const struct share *share, struct site_gathering *gathering, size_t end)
{
	site_gathering_add(gathering, share->of_both);
	site_gathering_add(gathering, share->of[end]);
}

static bool share_settle(const struct share *share)
{
	return site_table_settle(share->of_both) && site_table_settle(share->of[0]) &&
	       site_table_settle(share->of[1]);
}

static bool takes(const struct two *two, size_t end, const struct event *event)
{
	return site_gathering_takes(two->ends[end].gathering, event);
}

/* Beside the walk. Symbols are not for two threads at once: the filters ask for none, who have no module in them. */
static void count_calls(void *context)
{
	struct two *two = context;
	struct event event;

	while (!two->failed && two->events.next(two->events.self, &event)) {
		struct site_table *table =
			share_of(&two->calls, takes(two, 0, &event), takes(two, 1, &event));

		if (table)
			two->failed = !site_gathering_count(two->ends[0].gathering, table, &event);
	}
	two->failed |= !share_settle(&two->calls);
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
		gathering->failed = two->said = true;
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

	(void)walk;
	for (struct end *end = two->ends; end < two->ends + 2; end++)
		if (!end->over && when_stops_before(&end->gathering->to, event))
			arrive(two, end);
	return goes_on(two);
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
		if (!gathering->table || !end->live)
			return false;
	}
	if (share_begin(&two->calls) && trace_walk_input(trace, &input))
		two->walk = walk_new(&input);
	return two->walk && trace_events(trace, &two->events);
}

static enum walk_status walk_two(struct two *two)
{
	const struct walk_observer observer = {
		.context = two,
		.before = before,
		.after = after,
	};
	enum walk_status status;
	struct beside beside;

	beside_start(&beside, count_calls, two);
	status = walk_run(two->walk, &observer);
	for (struct end *end = two->ends; end < two->ends + 2 && status == WALK_DONE; end++)
		if (!end->over && !two->said)
			arrive(two, end);
	beside_end(&beside);
	for (size_t i = 0; i < 2; i++) {
		struct site_gathering *gathering = two->ends[i].gathering;

		gathering->failed |= two->failed;
		share_add(&two->calls, gathering, i);
		site_gathering_add(gathering, two->ends[i].live);
	}
	return status;
}

int site_gather_two(struct site_gathering *const both[2])
{
	struct two two = { .ends = { { .gathering = both[0] }, { .gathering = both[1] } } };
	enum walk_status status = begin_two(&two) ? walk_two(&two) : WALK_NO_MEMORY;

	walk_free(two.walk);
	share_release(&two.calls);
	site_table_free(two.ends[0].live);
	site_table_free(two.ends[1].live);
	if (status == WALK_NO_BASE)
		return complain(
			STATUS_TRACE,
			"cannot replay '%s': no snapshot of the address space survives in it",
			trace_path(both[0]->trace));
	if (two.said)
		return STATUS_TRACE;
	if (status == WALK_NO_MEMORY || both[0]->failed || both[1]->failed)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(both[0]->trace));
	return STATUS_FINE;
}
