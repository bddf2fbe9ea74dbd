/*
 * walk: base, events in kernel order, snapshots in between. The source of events is tapped as the order
 * reads ahead, so that by the time a snapshot is compared every call that overlaps it is known.
 */
#include <stdlib.h>

#include "base.h"
#include "call_table.h"
#include "doubts.h"
#include "implicit.h"
#include "labels.h"
#include "left.h"
#include "order.h"
#include "overtaken.h"
#include "pages.h"
#include "replay.h"
#include "runs.h"
#include "vmatrace/trace_format.h"
#include "walk.h"

struct walk {
	struct walk_input input;
	const struct walk_observer *observer;
	struct replay *replay;
	struct order *order;
	struct uncertain *uncertain; /* one for each snapshot */
	size_t base;
	size_t next;  /* the first snapshot not yet compared */
	size_t since; /* the last snapshot that was compared with nothing left out */
	bool no_memory;
	struct doubts doubts;
	struct overtaken overtaken;
	struct left left;
	uint64_t
		forgiven; /* impossible, but for what the base could not show, or a call left may have done */
	struct walk_totals totals;
	uint64_t kept_brk;
};

/* --- the tap ------------------------------------------------------------------------------------------ */

/*
 * What the list of number i is held against began with the base, and rows of a base that was read slowly, beside
 * that list, may be from after it: what any call did until the base was read to its end is in one and not in the other.
 */
static struct snapshot compared_with_base(const struct walk *walk, size_t i)
{
	struct snapshot compared = walk->input.snapshots[i];
	const struct snapshot *base = &walk->input.snapshots[walk->base];

	if (compared.end < base->end) {
		compared.end = base->end;
		compared.tid = base->tid;
	}
	return compared;
}

static bool add_uncertain(struct walk *walk, size_t i, const struct event *event)
{
	struct snapshot compared = compared_with_base(walk, i);

	return !snapshot_overlaps(&compared, event) ||
	       uncertain_add(&walk->uncertain[i], event, walk->input.page_bytes);
}

/* A call that never returned may have done its work before any list that was read since it entered. */
static bool know_in_flight(struct walk *walk, const struct event *event)
{
	const struct walk_input *input = &walk->input;

	for (size_t i = walk->next; i < input->snapshot_count; i++) {
		if (!add_uncertain(walk, i, event))
			return false;
	}
	return doubts_add_in_flight(&walk->doubts, event, input->page_bytes);
}

/* Where a call will be at work. A guess will do. */
static uint64_t address_of(const struct event *event)
{
	return call_effect(event->call) == EFFECT_MAPS ? event->result : event->args[0];
}

static bool tap(void *self, struct event *event)
{
	struct walk *walk = self;
	const struct walk_input *input = &walk->input;

	if (!input->events.next(input->events.self, event))
		return false;
	if (input->ahead)
		vma_map_expect(replay_map(walk->replay), address_of(event));
	if (event->in_flight && !event->left) {
		if (!input->in_flight && !know_in_flight(walk, event))
			walk->no_memory = true;
		return true;
	}
	if (event->left && !left_add(&walk->left, event))
		walk->no_memory = true;
	if (event->exit < input->snapshots[walk->base].begin &&
	    !overtaken_note(&walk->overtaken, event, input->page_bytes))
		walk->no_memory = true;
	for (size_t i = walk->next; i < input->snapshot_count; i++) {
		if (event->exit < input->snapshots[i].begin)
			break;
		if (!add_uncertain(walk, i, event))
			walk->no_memory = true;
	}
	return true;
}

/* --- one walk ----------------------------------------------------------------------------------------- */

struct walk *walk_new(const struct walk_input *input)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	struct event_source source = { tap, walk };

	if (!walk)
		return NULL;
	walk->input = *input;
	if (!input->page_bytes || input->page_bytes & (input->page_bytes - 1))
		walk->input.page_bytes = 4096; /* a damaged header must not make a mask of it */
	walk->replay = replay_new(walk->input.page_bytes, input->start_brk);
	walk->order = order_new(&source, input->window, walk->input.page_bytes);
	if (walk->order && input->ahead)
		order_read_ahead(walk->order, input->ahead);
	walk->uncertain = calloc(input->snapshot_count + 1, sizeof(*walk->uncertain));
	if (!walk->replay || !walk->order || !walk->uncertain) {
		walk_free(walk);
		return NULL;
	}
	vma_map_advise(replay_map(walk->replay), input->advise);
	return walk;
}

void walk_free(struct walk *walk)
{
	if (!walk)
		return;
	for (size_t i = 0; walk->uncertain && i < walk->input.snapshot_count; i++)
		uncertain_release(&walk->uncertain[i]);
	free(walk->uncertain);
	doubts_release(&walk->doubts);
	overtaken_release(&walk->overtaken);
	left_release(&walk->left);
	order_free(walk->order);
	replay_free(walk->replay);
	free(walk);
}

static void tell_change(void *self, const struct vma_change *change)
{
	struct walk *walk = self;

	if (walk->observer->change)
		walk->observer->change(walk->observer->context, change);
}

static void tell_checkpoint(struct walk *walk, const struct checkpoint *checkpoint)
{
	if (walk->observer->checkpoint)
		walk->observer->checkpoint(walk->observer->context, walk, checkpoint);
}

static bool find_base(struct walk *walk)
{
	const struct walk_input *input = &walk->input;

	for (size_t i = 0; i < input->snapshot_count; i++) {
		if (input->snapshots[i].begin >= input->first_seq) {
			walk->base = i;
			walk->since = i;
			walk->next = i + 1;
			return true;
		}
	}
	return false;
}

static bool start_at_base(struct walk *walk)
{
	const struct snapshot *snapshot = &walk->input.snapshots[walk->base];
	struct checkpoint checkpoint = { .snapshot = snapshot, .is_base = true, .matched = true };

	if (!base_load(walk->replay, &walk->input, snapshot))
		return false;
	tell_checkpoint(walk, &checkpoint);
	return true;
}

static bool compare_next(struct walk *walk)
{
	const struct walk_input *input = &walk->input;
	const struct snapshot *snapshot = &input->snapshots[walk->next];
	struct checkpoint checkpoint = { .snapshot = snapshot };
	struct uncertain left = { 0 };
	bool fine;
	struct implicit_context context = {
		.replay = walk->replay,
		.snapshot = snapshot,
		.since = &input->snapshots[walk->since],
		.uncertain = &walk->uncertain[walk->next],
		.left = &left,
		.after_tracer =
			snapshot->reason == VMAT_SNAPSHOT_AFTER_TRACER &&
			input->snapshots[walk->next - 1].reason == VMAT_SNAPSHOT_BEFORE_TRACER,
		.start_brk = input->start_brk,
		.change = tell_change,
		.self = walk,
	};

	fine = order_read_past(walk->order, compared_with_base(walk, walk->next).end) &&
	       !walk->no_memory &&
	       overtaken_settle(&walk->overtaken, snapshot, &walk->uncertain[walk->next],
	                        walk->replay, &checkpoint.racy) &&
	       left_items(&walk->left, snapshot, input->page_bytes, &left) &&
	       implicit_changes(&context, &checkpoint);
	uncertain_release(&left);
	if (!fine)
		return false;
	uncertain_release(&walk->uncertain[walk->next]);
	/* What a snapshot leaves out as uncertain may have been so before it. */
	if (!checkpoint.racy) {
		walk->since = walk->next;
		left_settle(&walk->left, snapshot);
	}
	walk->next++;
	walk->totals.checkpoints++;
	walk->totals.matched += checkpoint.matched;
	walk->totals.implicit_changes += checkpoint.implicit_changes;
	walk->totals.unexplained_vmas += checkpoint.unexplained;
	walk->totals.racy += checkpoint.racy;
	tell_checkpoint(walk, &checkpoint);
	return true;
}

/* What such a call met, or did not meet, is there or gone by a call that the log lacks. */
static bool count_impossible(struct walk *walk, const struct event *event)
{
	uint64_t times = replay_impossible(walk->replay) - walk->totals.impossible - walk->forgiven;

	/* Until a snapshot tells what is there, no one is contradicted. */
	if (times && (overtaken_meets_unseen(&walk->overtaken, event, walk->input.page_bytes) ||
	              left_excuses(&walk->left, event, walk->input.page_bytes))) {
		walk->forgiven += times;
		return true;
	}
	walk->totals.impossible += times;
	walk->totals.unexplained_vmas += (uint32_t)times;
	return !times || doubts_add(&walk->doubts, event, times, walk->input.page_bytes);
}

/* At the end, when all calls in flight are known. */
static void excuse_impossible(struct walk *walk)
{
	uint64_t excused = doubts_excused(&walk->doubts);

	walk->totals.impossible -= excused;
	walk->totals.unexplained_vmas -= (uint32_t)excused;
}

static bool apply(struct walk *walk, const struct ordered *ordered, struct vma_change *change)
{
	const struct snapshot *base = &walk->input.snapshots[walk->base];
	const struct event *event = ordered->event;
	uint32_t page_bytes = walk->input.page_bytes;

	/* Its effect may be in the base, and its pages another's by then. */
	if (!event->in_flight && event->enter < base->begin &&
	    overtaken_keep(&walk->overtaken, ordered, walk->input.first_seq,
	                   replay_map(walk->replay))) {
		change->kind = CHANGE_COUNT;
		return doubts_add_in_flight(&walk->doubts, event, page_bytes);
	}
	if (!replay_apply(walk->replay, ordered, snapshot_overlaps(base, event), change))
		return false;
	if (!replay_unseen(walk->replay))
		return true;
	overtaken_unseen(&walk->overtaken, event, page_bytes);
	return true;
}

static enum walk_status deliver(struct walk *walk, const struct ordered *ordered)
{
	const struct snapshot *base = &walk->input.snapshots[walk->base];
	const struct walk_observer *observer = walk->observer;
	const struct event *event = ordered->event;
	struct vma_change change;

	if ((!event->in_flight || event->left) &&
	    event->exit < base->begin) /* the base shows it already */
		return base_holds(walk->replay, event, walk->input.page_bytes) ? WALK_DONE
		                                                               : WALK_NO_MEMORY;
	if (ordered->half != ORDER_ACQUIRE && observer->before &&
	    !observer->before(observer->context, walk, event))
		return WALK_STOPPED;
	if (!apply(walk, ordered, &change))
		return WALK_NO_MEMORY;
	if (change.kind != CHANGE_COUNT) {
		change.event = event;
		change.mapped_bytes = vma_map_bytes(replay_map(walk->replay));
		change.vma_count = vma_map_count(replay_map(walk->replay));
		tell_change(walk, &change);
	}
	if (!count_impossible(walk, event))
		return WALK_NO_MEMORY;
	if (ordered->half == ORDER_RELEASE)
		return WALK_DONE;
	walk->totals.events++;
	walk->totals.racy += event->racy;
	walk->totals.in_flight += event->in_flight && !event->left;
	walk->totals.left += event->left;
	return observer->after && !observer->after(observer->context, walk, event) ? WALK_STOPPED
	                                                                           : WALK_DONE;
}

enum walk_status walk_run(struct walk *walk, const struct walk_observer *observer)
{
	const struct walk_input *input = &walk->input;
	enum order_status some;
	struct ordered ordered;

	walk->observer = observer;
	if (!find_base(walk))
		return WALK_NO_BASE;
	for (size_t i = 0; i < input->in_flight_count; i++) {
		if (!know_in_flight(walk, &input->in_flight[i]))
			return WALK_NO_MEMORY;
	}
	if (!start_at_base(walk))
		return WALK_NO_MEMORY;
	for (;;) {
		enum walk_status status;

		some = order_peek(walk->order, &ordered);
		/* A snapshot's turn is when all that returned before it began has been applied. */
		while (walk->next < input->snapshot_count &&
		       (some != ORDER_SOME ||
		        ordered.key >= 2 * input->snapshots[walk->next].begin)) {
			if (some == ORDER_NO_MEMORY || !compare_next(walk))
				return WALK_NO_MEMORY;
			some = order_peek(walk->order, &ordered);
		}
		if (some != ORDER_SOME)
			break;
		order_take(walk->order);
		status = walk->no_memory ? WALK_NO_MEMORY : deliver(walk, &ordered);
		if (status != WALK_DONE)
			return status;
	}
	if (some == ORDER_NO_MEMORY)
		return WALK_NO_MEMORY;
	excuse_impossible(walk);
	walk->totals.undecided = walk->overtaken.dropped;
	return WALK_DONE;
}

/* --- what it shows ------------------------------------------------------------------------------------ */

void walk_keep(struct walk *walk)
{
	vma_map_keep(replay_map(walk->replay));
	walk->kept_brk = replay_brk(walk->replay);
}

bool walk_go_back(struct walk *walk)
{
	replay_set_brk(walk->replay, walk->kept_brk);
	return vma_map_go_back(replay_map(walk->replay));
}

const struct vma_map *walk_map(const struct walk *walk)
{
	return replay_map(walk->replay);
}

const struct walk_totals *walk_totals(const struct walk *walk)
{
	return &walk->totals;
}

uint64_t walk_brk(const struct walk *walk)
{
	return replay_brk(walk->replay);
}

static void label(const struct walk *walk, struct vma_row_info *rows, size_t count)
{
	const struct label_places places = {
		.start_brk = walk->input.start_brk,
		.brk = walk_brk(walk),
		.start_stack = walk->input.start_stack,
	};

	labels_put(rows, count, &places);
}

size_t walk_rows(const struct walk *walk, struct vma_row_info *rows, size_t limit)
{
	size_t count = vma_map_rows(replay_map(walk->replay), rows, limit);

	label(walk, rows, count < limit ? count : limit);
	return count;
}

size_t walk_extents(const struct walk *walk, struct vma_row_info *rows, size_t limit)
{
	size_t count = vma_map_extents(replay_map(walk->replay), rows, limit);

	label(walk, rows, count < limit ? count : limit);
	return count;
}
