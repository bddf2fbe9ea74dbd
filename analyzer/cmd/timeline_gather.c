/*
 * timeline_gather: one walk through one process, as the timeline's filters see it. The walk gives each change away,
 * with what only it knows of the moment; kinds, call sites, curves, lines and text are made of it behind the walk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "given_change.h"
#include "timeline.h"
#include "vmatrace/trace_format.h"

static uint64_t hash_text(uint64_t hash, const char *text)
{
	/* FNV-1a */
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return (hash ^ 0xff) * 0x100000001b3u;
}

/*
 * Equal for events of one line of the program, or of one return address where there are no lines.
 */
static uint64_t hash_site(struct symbols *symbols, const struct event *event)
{
	const struct frame *frame = symbols_call_site(symbols, event);
	uint64_t hash = 0xcbf29ce484222325u;

	if (!frame)
		return event->caller;
	hash = hash_text(hash, frame->module);
	hash = hash_text(hash, frame->function);
	hash = hash_text(hash, frame->file);
	return hash ^ (frame->function ? frame->line : frame->offset);
}

/* Of stacks, 6 MiB at most: when there are more, they are forgotten and found out anew. */
enum { MOST_SITES = 1 << 16 };

/* The same, found out once for each stack. */
static uint64_t site_of(struct gathering *gathering, const struct event *event)
{
	uint64_t key = symbols_key(gathering->symbols, event);
	uint64_t *known;

	if (gathering->sites.count > MOST_SITES)
		number_table_release(&gathering->sites);
	known = key ? number_table_at(&gathering->sites, key) : NULL;
	if (!known)
		return hash_site(gathering->symbols, event);
	if (!*known)
		*known = hash_site(gathering->symbols, event);
	return *known;
}

static bool is_internal(const struct vma_change *change)
{
	return (change->event->flags & VMAT_EVENT_INTERNAL) || change->cause == CAUSE_TRACER;
}

static bool takes(const struct gathering *gathering, const struct vma_change *change,
                  enum vma_kind kind)
{
	const struct filter *filter = gathering->filter;

	return (filter->internal || kind != KIND_TRACER) &&
	       filter_takes_event(filter, change->event) &&
	       filter_takes_kind(filter, vma_kind_name(kind)) &&
	       filter_takes_stack(filter, gathering->symbols, change->event);
}

/* Is there anyone who wants to know more of a kind than whether it is the recorder's? */
static bool wants_kinds(const struct gathering *gathering)
{
	return gathering->fold || gathering->print || gathering->filter->kinds.count;
}

/* --- behind the walk ------------------------------------------------------------------------------------ */

static enum vma_kind kind_of(struct gathering *gathering, const struct vma_change *change)
{
	if (!wants_kinds(gathering))
		return is_internal(change) ? KIND_TRACER : KIND_ANONYMOUS;
	return change_vma_kind(gathering->trace, gathering->symbols, &gathering->makers, change);
}

/* Count it, keep or print it. */
static void take_change(struct gathering *gathering, const struct vma_change *change,
                        enum vma_kind kind)
{
	if (!takes(gathering, change, kind))
		return;
	gathering->counted[change->kind]++;
	if (gathering->fold &&
	    !fold_add(gathering->fold, change, site_of(gathering, change->event), kind))
		gathering->taker_failed = true;
	if (gathering->print &&
	    (!gathering->print_limit || gathering->printed < gathering->print_limit)) {
		gathering->printed++;
		gathering->print(gathering, change, kind);
	}
	/* Nor is there any use in more where nobody can be told of it. */
	if (gathering->taker_failed || (gathering->print && ferror_unlocked(stdout)) ||
	    (gathering->print_limit && gathering->printed == gathering->print_limit))
		atomic_store_explicit(&gathering->enough, true, memory_order_relaxed);
}

static void take(void *context, void *item)
{
	struct gathering *gathering = context;
	const struct given_change *given = item;
	struct vma_change change;
	struct event event;

	given_change_unpack(given, &change, &event);
	take_change(gathering, &change,
	            given->vma_kind == KIND_COUNT ? kind_of(gathering, &change)
	                                          : (enum vma_kind)given->vma_kind);
	if (given->bits & GIVEN_OWNS_NAME)
		free((char *)given->name);
}

/* What take() looks at by numbers that differ from each change to the next. */
static void foresee(void *context, const void *item, bool soon)
{
	const struct gathering *gathering = context;
	const struct given_change *given = item;
	const struct event event = {
		.seq = given->seq,
		.caller = given->caller,
		.stack = given->stack,
		.call = given->call,
		.flags = given->flags,
	};
	uint64_t key = symbols_key(gathering->symbols, &event);

	if (gathering->print)
		spelled_foresee(gathering->spelled, key, 0, soon);
	if (soon)
		return;
	makers_foresee(&gathering->makers, given->made_by, key);
	if (gathering->fold)
		number_table_expect(&gathering->sites, key);
}

/* --- the walk ------------------------------------------------------------------------------------------- */

/* kind: KIND_COUNT: it is to be found out. */
static void give(struct gathering *gathering, const struct vma_change *change, enum vma_kind kind,
                 bool owns_name)
{
	if (gathering->wants_curve && timeline_follow(&gathering->timeline, change))
		gathering->peak_moved = true;
	if (change->event->time_ns > gathering->last_ns)
		gathering->last_ns = change->event->time_ns;
	if (gathering->relay) {
		given_change_pack(relay_room(gathering->relay), change, kind, owns_name);
		relay_give(gathering->relay);
		return;
	}
	take_change(gathering, change, kind == KIND_COUNT ? kind_of(gathering, change) : kind);
	if (owns_name)
		free((char *)change->name);
}

/*
 * A change that no call explains says nothing about itself, but the rows around it do, once all
 * changes of its snapshot are made. So it waits for the last of them.
 */
struct waiting_change {
	struct vma_change change; /* its name and event are its own */
	struct event event;
};

static void wait_with(struct gathering *gathering, const struct vma_change *change)
{
	struct waiting_change *more =
		reallocarray(gathering->waiting, gathering->waiting_count + 1, sizeof(*more));
	char *name = strdup(change->name);

	if (more)
		gathering->waiting = more;
	if (!more || !name) {
		free(name);
		gathering->failed = true;
		return;
	}
	more += gathering->waiting_count++;
	more->change = *change;
	more->change.name = name;
	more->event = *change->event;
}

/* now: the rows with the change made, known: those before it. */
static enum vma_kind kind_by_rows(const struct rows *now, const struct rows *known,
                                  const struct vma_change *change)
{
	const struct rows *rows = change->mapped_after ? now : known;
	size_t low = 0, high = rows->count;

	/* The first that ends behind its start. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->rows[middle].row.end <= change->start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < rows->count && rows->rows[low].row.start <= change->start)
		return rows->kinds[low];
	return kind_of_change(change, NULL, CREATOR_UNKNOWN);
}

/* The rows as they are, and with them what of them is the recorder's. */
static void know_rows(struct gathering *gathering, const struct walk *walk, struct rows *rows)
{
	struct curve_value own = { 0 };

	if (!rows_read(rows, gathering->trace, walk, UINT64_MAX, NULL))
		gathering->failed = true;
	for (size_t i = 0; i < rows->count; i++) {
		if (!rows->rows[i].internal)
			continue;
		own.mapped_bytes += rows->rows[i].row.end - rows->rows[i].row.start;
		own.vma_count++;
	}
	gathering->timeline.own = own;
}

static void know_rows_again(struct gathering *gathering, const struct walk *walk)
{
	rows_release(&gathering->known);
	know_rows(gathering, walk, &gathering->known);
}

static void take_waiting(struct gathering *gathering, const struct walk *walk)
{
	struct rows now;

	if (!gathering->waiting_count)
		return;
	know_rows(gathering, walk, &now);
	for (size_t i = 0; i < gathering->waiting_count; i++) {
		struct waiting_change *waiting = &gathering->waiting[i];

		waiting->change.event = &waiting->event;
		give(gathering, &waiting->change,
		     kind_by_rows(&now, &gathering->known, &waiting->change), true);
	}
	gathering->waiting_count = 0;
	rows_release(&gathering->known);
	gathering->known = now;
}

static void change(void *context, const struct vma_change *change)
{
	struct gathering *gathering = context;

	if (!gathering->started)
		return;
	if (is_internal(change))
		know_rows_again(gathering, gathering->walk);
	if (change->event->call == CALL_IMPLICIT && !is_internal(change))
		wait_with(gathering, change);
	else
		give(gathering, change, KIND_COUNT, false);
}

static void begin(struct gathering *gathering, const struct walk *walk)
{
	if (gathering->timeline.begun)
		return;
	timeline_begin(&gathering->timeline, walk, &gathering->timeline.own, gathering->from_ns);
	gathering->peak_moved = true;
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct gathering *gathering = context;

	take_waiting(gathering, walk);
	if (!gathering->started && when_stops_before(&gathering->from, event)) {
		gathering->started = true;
		gathering->from_ns = event->time_ns;
	}
	if (gathering->filter->to.given && when_stops_before(&gathering->to, event))
		return false;
	if (gathering->started && !gathering->timeline.begun) {
		know_rows_again(gathering, walk);
		begin(gathering, walk);
	}
	if (gathering->peak_moved && gathering->wants_peak) {
		walk_keep(gathering->walk);
		gathering->peak_moved = false;
		gathering->peak_kept = true;
		gathering->peak_seq = gathering->last_seq;
	}
	gathering->last_seq = event->seq;
	return !gathering->failed &&
	       !atomic_load_explicit(&gathering->enough, memory_order_relaxed);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct gathering *gathering = context;

	take_waiting(gathering, walk);
	if (gathering->started && event->time_ns > gathering->last_ns)
		gathering->last_ns = event->time_ns;
	if (!gathering->started && when_stops_after(&gathering->from, event)) {
		gathering->started = true;
		gathering->from_ns = event->time_ns;
	}
	return !(gathering->filter->to.given && when_stops_after(&gathering->to, event));
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct gathering *gathering = context;

	take_waiting(gathering, walk);
	if (checkpoint->is_base && gathering->begins)
		gathering->begins(gathering);
	if (checkpoint->is_base)
		know_rows_again(gathering, walk);
	if (checkpoint->is_base && gathering->started) {
		/* Where the ring has lost its beginning, what is known begins here. */
		if (trace_counts(gathering->trace)->first_seq)
			gathering->from_ns = checkpoint->snapshot->time_ns;
		begin(gathering, walk);
	}
	if (gathering->started && checkpoint->snapshot->time_ns > gathering->last_ns)
		gathering->last_ns = checkpoint->snapshot->time_ns;
}

/* What lay there when most was mapped. It does still if nothing was told of since. */
static bool know_peak(struct gathering *gathering)
{
	const struct moment authors = {
		.trace = gathering->trace,
		.symbols = gathering->symbols,
	};
	bool is_now = gathering->peak_moved || !gathering->peak_kept;
	struct rows rows = { 0 };
	bool fine = (is_now || walk_go_back(gathering->walk)) &&
	            rows_read(&rows, gathering->trace, gathering->walk,
	                      is_now ? gathering->last_seq : gathering->peak_seq, &authors);

	for (size_t i = 0; i < rows.part_count; i++) {
		const struct row_part *part = &rows.parts[i];
		struct kind_total *total = &gathering->at_peak[part->kind];

		total->bytes += part->info.row.end - part->info.row.start;
		total->vmas += row_part_counts(rows.parts, i);
	}
	rows_release(&rows);
	return fine;
}

int timeline_gather(struct gathering *gathering)
{
	const struct filter *filter = gathering->filter;
	const struct walk_observer observer = {
		.context = gathering,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};
	enum walk_status status = WALK_NO_MEMORY;
	struct walk_input input;
	bool relays, has_input = false;
	int found;

	timeline_init(&gathering->timeline);
	gathering->from = (struct when_point) { .kind = WHEN_START };
	found = when_find_span(&filter->from, &filter->to, gathering->trace, &gathering->from,
	                       &gathering->to);
	if (found != STATUS_FINE)
		return found;
	gathering->started = gathering->from.kind == WHEN_START;
	/* To count a change takes less than to give it away. */
	relays = wants_kinds(gathering) || filter->modules.count;
	if (relays)
		gathering->relay = relay_new(sizeof(struct given_change), take, gathering);
	if (gathering->relay && gathering->symbols)
		relay_foresee(gathering->relay, foresee);
	if (gathering->relay || !relays)
		has_input = trace_walk_input(gathering->trace, &input);
	if (has_input)
		gathering->walk = walk_new(&input);
	if (gathering->walk) {
		status = walk_run(gathering->walk, &observer);
		take_waiting(gathering, gathering->walk);
	}
	relay_free(gathering->relay);
	for (int kind = 0; kind < CHANGE_COUNT; kind++)
		timeline_count(&gathering->timeline, (enum change_kind)kind,
		               gathering->counted[kind]);
	rows_release(&gathering->known);
	/* Where nothing was seen to begin there was no peak. */
	if (gathering->wants_peak && gathering->timeline.begun && status != WALK_NO_MEMORY &&
	    !know_peak(gathering))
		gathering->failed = true;
	free(gathering->waiting);
	gathering->waiting = NULL;
	makers_release(&gathering->makers);
	number_table_release(&gathering->sites);
	walk_free(gathering->walk);
	gathering->walk = NULL;
	if (status == WALK_NO_BASE)
		return complain(
			STATUS_TRACE,
			"cannot replay '%s': no snapshot of the address space survives in it",
			trace_path(gathering->trace));
	if (status == WALK_NO_MEMORY || gathering->failed || gathering->taker_failed)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(gathering->trace));
	return STATUS_FINE;
}
