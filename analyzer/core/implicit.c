/*
 * implicit: differences between the model and a snapshot, sorted into uncertain, explained and unexplained.
 */
#include "implicit.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "pages.h"
#include "runs.h"
#include "vmatrace/trace_format.h"

/* --- what the snapshot cannot know -------------------------------------------------------------------- */

bool snapshot_overlaps(const struct snapshot *snapshot, const struct event *event)
{
	if ((!event->in_flight || event->left) && event->exit < snapshot->begin)
		return false;
	/* A jump may have left it before the thread came to read: of one thread, the clock tells. */
	if (event->in_flight && event->tid == snapshot->tid && event->time_ns < snapshot->time_ns)
		return event->enter <= snapshot->end;
	/* The reader's own next call may have loaded the same head as the end of the read: it came after. */
	if (event->tid == snapshot->tid)
		return event->enter < snapshot->end;
	return event->enter <= snapshot->end;
}

static bool is_attached(const struct vma_map *map, const struct certainty *certainty, bool mapped,
                        const struct vma_run *run)
{
	return mapped && certainty_has_attachment(certainty, -run->delta) &&
	       object_is_sysv(vma_map_object_at(map, run->object));
}

/* True if a call that detaches a segment, or attaches one, makes it uncertain from its first page to its last. */
static bool of_attachment(const struct vma_map *map, const struct certainty *certainty,
                          const struct difference *difference)
{
	return is_attached(map, certainty, difference->mapped_before, &difference->before) ||
	       is_attached(map, certainty, difference->mapped_after, &difference->after);
}

/* True if the difference is new memory that calls in flight may have mapped. */
static bool new_mappings(const struct certainty *certainty, const struct difference *difference)
{
	return !difference->mapped_before && difference->mapped_after &&
	       certainty_asked_for(certainty, difference->end - difference->start);
}

/*
 * Moves what is certain of the difference to *certain, and the rest to *rest, if that is not NULL. Returns true if there
 * is a rest. False in *fine: out of memory.
 */
static bool leave_uncertain(const struct vma_map *map, struct certainty *certainty,
                            const struct difference *difference, struct differences *certain,
                            struct differences *rest, bool *fine)
{
	bool racy = false;

	if (new_mappings(certainty, difference) || of_attachment(map, certainty, difference)) {
		*fine = !rest || differences_add(rest, difference);
		return true;
	}
	for (uint64_t at = difference->start, stop; *fine && at < difference->end; at = stop) {
		struct difference piece = *difference;
		bool is_certain;

		stop = certainty_end(certainty, at, difference->end, &is_certain);
		piece.start = at;
		piece.end = stop;
		if (is_certain && !new_mappings(certainty, &piece)) {
			*fine = differences_add(certain, &piece);
		} else {
			racy = true;
			*fine = !rest || differences_add(rest, &piece);
		}
	}
	return racy;
}

/* --- what is left ------------------------------------------------------------------------------------- */

/* The stack VMA that the pages of the difference are an extension of, or NULL. */
static const struct vma_run *grown_stack(const struct vma_map *map,
                                         const struct difference *difference)
{
	const struct vma_run *run = vma_map_at(map, difference->end);

	if (difference->mapped_before || !difference->mapped_after || !run ||
	    run->start != difference->end || !run->grows_down ||
	    run->prot != difference->after.prot || run->object != difference->after.object)
		return NULL;
	return run;
}

/*
 * What the kernel maps by itself, as /proc/PID/maps names it (linux:fs/aio.c, kernel/events/uprobes.c,
 * drivers/gpu/drm/i915). No program has a descriptor of these objects that it could map.
 */
static const struct {
	const char *name; /* " (deleted)" may follow */
	bool appears;     /* or, mapped before, is gone */
	enum implicit_cause cause;
} named[] = {
	{ "/[aio]", true, CAUSE_IO_SETUP },  { "/[aio]", false, CAUSE_IO_DESTROY },
	{ "[uprobes]", true, CAUSE_UPROBE }, { "[uprobes-trampoline]", true, CAUSE_UPROBE },
	{ "/i915", true, CAUSE_DRM_IOCTL },
};

static bool is_named(const char *name, const char *expected)
{
	size_t length = strlen(expected);

	return !strncmp(name, expected, length) &&
	       (!name[length] || !strcmp(name + length, " (deleted)"));
}

/* Only where there was nothing, or is nothing any more: what takes another's place was put there by a call. */
static enum implicit_cause cause_by_name(const struct vma_map *map,
                                         const struct difference *difference)
{
	const struct vma_run *run =
		difference->mapped_after ? &difference->after : &difference->before;
	const char *name = vma_map_object_name(map, run->object);

	if (difference->mapped_before == difference->mapped_after)
		return CAUSE_UNEXPLAINED;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (named[i].appears == difference->mapped_after && is_named(name, named[i].name))
			return named[i].cause;
	}
	return CAUSE_UNEXPLAINED;
}

static enum implicit_cause cause_of(const struct implicit_context *context,
                                    const struct difference *difference)
{
	if (grown_stack(replay_map(context->replay), difference))
		return CAUSE_STACK_GROWTH;
	if (context->after_tracer)
		return CAUSE_TRACER;
	return cause_by_name(replay_map(context->replay), difference);
}

/* The heap is the program's, even where loading the unwinder made malloc extend it. */
static bool in_heap(const struct implicit_context *context, const struct difference *difference)
{
	return context->start_brk && difference->start >= context->start_brk &&
	       difference->start < context->snapshot->brk;
}

static void describe(const struct vma_map *map, const struct difference *difference,
                     struct vma_change *change)
{
	const struct vma_run *run =
		difference->mapped_after ? &difference->after : &difference->before;

	change->kind = CHANGE_IMPLICIT;
	change->start = difference->start;
	change->end = difference->end;
	change->mapped_before = difference->mapped_before;
	change->mapped_after = difference->mapped_after;
	change->prot_before = difference->mapped_before ? difference->before.prot : 0;
	change->prot_after = difference->mapped_after ? difference->after.prot : 0;
	change->made_by = difference->before.created_by;
	change->shared = run->shared;
	change->loaded = run->map_flags & RUN_LOADED;
	change->name = vma_map_object_name(map, run->object);
}

static bool make_change(const struct implicit_context *context, struct difference *difference,
                        enum implicit_cause cause, struct checkpoint *checkpoint)
{
	const struct snapshot *snapshot = context->snapshot;
	struct vma_map *map = replay_map(context->replay);
	const struct vma_run *stack = grown_stack(map, difference);
	struct vma_change change = {
		.cause = cause,
		.since = context->since,
	};
	struct event event = {
		.seq = SEQ_IMPLICIT + ((uint64_t)snapshot->id << 24) + checkpoint->implicit_changes,
		.enter = snapshot->begin,
		.exit = snapshot->end,
		.time_ns = snapshot->time_ns,
		.call = CALL_IMPLICIT,
		.via = VMAT_VIA_KERNEL,
	};

	difference->after.created_by = stack ? stack->created_by : event.seq;
	difference->after.grows_down = stack != NULL;
	if (change.cause == CAUSE_TRACER && !in_heap(context, difference)) {
		difference->after.internal = true;
		event.flags |= VMAT_EVENT_INTERNAL;
	}
	describe(map, difference, &change);
	if (!difference_apply(map, difference, event.seq))
		return false;
	checkpoint->implicit_changes++;
	checkpoint->unexplained += change.cause == CAUSE_UNEXPLAINED;
	change.event = &event;
	change.mapped_bytes = vma_map_bytes(map);
	change.vma_count = vma_map_count(map);
	context->change(context->self, &change);
	return true;
}

/* What is unexplained otherwise, and a call that was left may have done, is explained piece by piece. */
static bool make_changes(const struct implicit_context *context, struct certainty *left_by,
                         struct difference *difference, struct checkpoint *checkpoint)
{
	enum implicit_cause cause = cause_of(context, difference);
	struct differences unexplained = { 0 }, left = { 0 };
	bool fine = true;

	if (cause != CAUSE_UNEXPLAINED || !context->left->count)
		return make_change(context, difference, cause, checkpoint);
	leave_uncertain(replay_map(context->replay), left_by, difference, &unexplained, &left,
	                &fine);
	for (size_t i = 0; fine && i < left.count; i++)
		fine = make_change(context, &left.items[i], CAUSE_LEFT, checkpoint);
	for (size_t i = 0; fine && i < unexplained.count; i++)
		fine = make_change(context, &unexplained.items[i], CAUSE_UNEXPLAINED, checkpoint);
	differences_release(&unexplained);
	differences_release(&left);
	return fine;
}

bool implicit_changes(const struct implicit_context *context, struct checkpoint *checkpoint)
{
	const struct snapshot *snapshot = context->snapshot;
	struct vma_map *map = replay_map(context->replay);
	struct differences all = { 0 };
	struct differences certain = { 0 };
	struct certainty *certainty = certainty_new(context->uncertain);
	struct certainty *left_by = certainty_new(context->left);
	bool fine;

	fine = certainty && left_by &&
	       compare_rows(map, 0, UINT64_MAX, snapshot->rows, snapshot->row_count, &all);
	for (size_t i = 0; fine && i < all.count; i++) {
		bool racy = leave_uncertain(map, certainty, &all.items[i], &certain, NULL, &fine);

		checkpoint->racy += racy && !all.items[i].renamed;
	}
	for (size_t i = 0; fine && i < certain.count; i++) {
		struct difference *difference = &certain.items[i];

		if (difference->renamed)
			fine = difference_apply(map, difference, 0);
		else
			fine = make_changes(context, left_by, difference, checkpoint);
	}
	checkpoint->matched = !checkpoint->unexplained;
	if (snapshot->brk)
		replay_set_brk(context->replay, snapshot->brk);
	differences_release(&all);
	differences_release(&certain);
	certainty_free(certainty);
	certainty_free(left_by);
	return fine;
}
