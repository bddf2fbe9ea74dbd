/*
 * check_walk: the one walk through a process that is judged. The walk is followed by whoever must see the map; the
 * rules judge behind it, and programs without a trace are looked for in the events that it reads.
 */
#include "check.h"
#include "event_tap.h"
#include "relay.h"

static void take(void *rules, void *item)
{
	rules_take(rules, item);
}

static struct rules_item *room(void *relay)
{
	return relay_room(relay);
}

static void give(void *relay)
{
	relay_give(relay);
}

static void drain(void *relay)
{
	relay_drain(relay);
}

static void foresee(void *rules, const void *item, bool soon)
{
	/* By then the item itself is there. */
	if (soon)
		rules_expect(rules, item);
}

struct relay *check_relay_new(struct rules *rules)
{
	struct relay *relay = relay_new(sizeof(struct rules_item), take, rules);

	if (relay)
		relay_foresee(relay, foresee);
	return relay;
}

static void see_event(void *look, const struct event *event)
{
	untraced_event(look, event);
}

enum walk_status check_walk(const struct check_walk *check, struct trace *trace,
                            struct rules_process *process)
{
	const struct fork_child *born = forked_find(check->forked, trace_header(trace)->file_id);
	const struct rules_relay relay = { check->relay, room, give, drain };
	struct event_tap tap = { .see = see_event, .context = check->look };
	enum walk_status status = WALK_NO_MEMORY;
	struct walk_observer observer;
	struct walk_input input;
	struct walk *walk;

	if (!check->relay || !trace_walk_input(trace, &input))
		return WALK_NO_MEMORY;
	input.events = event_tap_put(&tap, &input.events);
	input.written = born ? born->written : NULL;
	input.written_count = born ? born->count : 0;
	walk = walk_new(&input);
	process->relay = &relay;
	rules_process_begin(check->rules, process, &observer);
	forked_watch(check->forked, &observer);
	if (walk) {
		status = walk_run(walk, &observer);
		if (status != WALK_NO_BASE)
			rules_process_end(check->rules, walk);
	}
	forked_end(check->forked, status != WALK_NO_BASE ? walk : NULL);
	event_tap_finish(&tap);
	walk_free(walk);
	return status;
}
