/*
 * replay: the table of effects, and the moves they share.
 */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "call_table.h"
#include "compare.h"
#include "effects.h"
#include "runs.h"
#include "vmatrace/trace_format.h"

static effect_fn *const apply[EFFECT_COUNT] = {
	[EFFECT_MAPS] = effect_maps,
	[EFFECT_UNMAPS] = effect_unmaps,
	[EFFECT_PROTECTS] = effect_protects,
	[EFFECT_SETS_BREAK] = effect_sets_break,
	[EFFECT_MOVES_BREAK] = effect_moves_break,
	[EFFECT_MOVES] = effect_moves,
	[EFFECT_ATTACHES] = effect_attaches,
	[EFFECT_DETACHES] = effect_detaches,
	[EFFECT_REMAPS_FILE] = effect_remaps_file,
	[EFFECT_ADVISES] = effect_advises,
	[EFFECT_LOCKS] = effect_locks,
	[EFFECT_UNLOCKS] = effect_unlocks,
	[EFFECT_LOCKS_ALL] = effect_locks_all,
	[EFFECT_UNLOCKS_ALL] = effect_unlocks_all,
	[EFFECT_BINDS] = effect_binds,
	[EFFECT_SEALS] = effect_seals,
	[EFFECT_NAMES] = effect_names,
};

struct replay *replay_new(uint32_t page_bytes, uint64_t start_brk)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return NULL;
	replay->page_bytes = page_bytes;
	replay->start_brk = start_brk;
	replay->map = vma_map_new(page_bytes);
	if (!replay->map) {
		free(replay);
		return NULL;
	}
	return replay;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	for (size_t i = 0; i < replay->taken_count; i++)
		free(replay->taken[i].runs);
	free(replay->taken);
	free(replay->attachments);
	vma_map_free(replay->map);
	free(replay);
}

struct vma_map *replay_map(const struct replay *replay)
{
	return replay->map;
}

uint64_t replay_brk(const struct replay *replay)
{
	return replay->brk;
}

void replay_set_brk(struct replay *replay, uint64_t brk)
{
	replay->brk = brk;
}

uint64_t replay_impossible(const struct replay *replay)
{
	return replay->impossible;
}

bool replay_unseen(const struct replay *replay)
{
	return replay->unseen;
}

/* --- the base ----------------------------------------------------------------------------------------- */

/* The recorder's own library, which was there before its first event. */
static bool is_tracer(const struct vma_row *row)
{
	const char *slash = strrchr(row->name, '/');

	return slash && strncmp(slash + 1, "libvmatrace", strlen("libvmatrace")) == 0;
}

bool replay_load(struct replay *replay, const struct snapshot *snapshot)
{
	if (!vma_map_clear(replay->map, 0, UINT64_MAX))
		return false;
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct vma_row *row = &snapshot->rows[i];
		struct vma_run run;

		if (!run_of_row(replay->map, row, &run))
			return false;
		run.row = (uint32_t)i + 1;
		run.internal = is_tracer(row);
		run.grows_down = row_is_labelled(row) && strcmp(row->name, "[stack]") == 0;
		run.map_flags = strncmp(row->name, "/anon_hugepage", strlen("/anon_hugepage"))
		                        ? 0
		                        : RUN_HUGETLB;
		run.created_by = CREATED_BEFORE;
		run.changed_by = CREATED_BEFORE;
		if (!vma_map_set(replay->map, &run))
			return false;
	}
	replay->base = snapshot;
	replay->brk = snapshot->brk;
	return true;
}

bool replay_restore(struct replay *replay, const struct snapshot *snapshot,
                    const struct page_range *range)
{
	struct differences differences = { 0 };
	bool fine = compare_rows(replay->map, range->start, range->end, snapshot->rows,
	                         snapshot->row_count, &differences);

	for (size_t i = 0; fine && i < differences.count; i++) {
		differences.items[i].after.created_by = CREATED_BEFORE;
		fine = difference_apply(replay->map, &differences.items[i], CREATED_BEFORE);
	}
	differences_release(&differences);
	return fine;
}

/* --- what effects are made of ------------------------------------------------------------------------- */

void replay_doubt(struct replay *replay)
{
	replay->impossible += !replay->uncertain;
}

/* The first mapped run of the range, or NULL. */
static const struct vma_run *first_run(const struct replay *replay, uint64_t start, uint64_t end)
{
	const struct vma_run *run = start < end ? vma_map_at(replay->map, start) : NULL;

	return run && run->start < end ? run : NULL;
}

bool replay_any_mapped(const struct replay *replay, const struct page_range *range)
{
	return first_run(replay, range->start, range->end) != NULL;
}

uint64_t replay_first_hole(const struct replay *replay, const struct page_range *range)
{
	uint64_t at = range->start;

	while (at < range->end) {
		const struct vma_run *run = vma_map_at(replay->map, at);

		if (!run || run->start > at)
			return at;
		at = run->end;
	}
	return range->end;
}

bool replay_modify(struct replay *replay, const struct page_range *range,
                   void (*modify)(struct vma_run *run, const struct event *event),
                   const struct event *event)
{
	const struct vma_run *run;
	uint64_t at = range->start;

	while (at < range->end && (run = vma_map_at(replay->map, at)) && run->start < range->end) {
		struct vma_run copy = *run;

		if (copy.start < at)
			copy.start = at;
		if (copy.end > range->end)
			copy.end = range->end;
		at = copy.end;
		modify(&copy, event);
		if (!vma_map_set(replay->map, &copy))
			return false;
	}
	return true;
}

const struct vma_row *event_row(const struct event *event, uint64_t address)
{
	for (size_t i = 0; event->has_rows && i < event->row_count; i++) {
		if (event->rows[i].start <= address && address < event->rows[i].end)
			return &event->rows[i];
	}
	return NULL;
}

static enum change_kind difference_kind(const struct difference *difference)
{
	if (!difference->mapped_after)
		return CHANGE_REMOVE;
	if (!difference->mapped_before)
		return CHANGE_CREATE;
	return difference->before.object == difference->after.object ? CHANGE_PROTECT
	                                                             : CHANGE_REPLACE;
}

bool replay_resync(struct replay *replay, const struct event *event, const struct page_range *range,
                   struct vma_change *change)
{
	struct differences differences = { 0 };
	bool fine = true;

	if (!event->has_rows)
		return true;
	fine = compare_rows(replay->map, range->start, range->end, event->rows, event->row_count,
	                    &differences);
	if (fine && differences.count && change->kind == CHANGE_COUNT)
		change_begin(replay, change, difference_kind(&differences.items[0]),
		             &(struct page_range) { differences.items[0].start,
		                                    differences.items[differences.count - 1].end });
	for (size_t i = 0; fine && i < differences.count; i++) {
		struct difference *difference = &differences.items[i];

		/* mprotect unmaps nothing: what is gone went by a call that is missing here. */
		if (!difference->mapped_after && !event->racy &&
		    call_effect(event->call) == EFFECT_PROTECTS)
			replay_doubt(replay);
		difference->after.created_by = event->seq;
		difference->after.internal = event->flags & VMAT_EVENT_INTERNAL;
		fine = difference_apply(replay->map, difference, event->seq);
	}
	differences_release(&differences);
	return fine;
}

/* --- the change --------------------------------------------------------------------------------------- */

static void begin(const struct replay *replay, struct vma_change *change, enum change_kind kind,
                  const struct page_range *range, const struct vma_run *run)
{
	change->kind = kind;
	change->start = range->start;
	change->end = range->end;
	change->mapped_before = run != NULL;
	if (run) {
		change->prot_before = run->prot;
		change->made_by = run->created_by;
		change->shared = run->shared;
		change->loaded = run->map_flags & RUN_LOADED;
		change->name = vma_map_object_name(replay->map, run->object);
	}
}

void change_begin(const struct replay *replay, struct vma_change *change, enum change_kind kind,
                  const struct page_range *range)
{
	begin(replay, change, kind, range, first_run(replay, range->start, range->end));
}

static void change_end(struct replay *replay, struct vma_change *change, size_t count_before)
{
	const struct vma_run *run = first_run(replay, change->start, change->end);

	change->mapped_after = run != NULL;
	if (run) {
		change->prot_after = run->prot;
		change->shared = run->shared;
		change->loaded = run->map_flags & RUN_LOADED;
		change->name = vma_map_object_name(replay->map, run->object);
	}
	/* New pages between two VMAs that look the same make one of them. */
	if (change->kind == CHANGE_CREATE && vma_map_count(replay->map) < count_before)
		change->kind = CHANGE_MERGE;
}

static enum change_kind removal_kind(const struct vma_span *span, const struct page_range *range)
{
	bool keeps_left = span->first->start < range->start ||
	                  (span->before && runs_join(span->before, span->first));
	bool keeps_right =
		span->last->end > range->end || (span->after && runs_join(span->last, span->after));

	/* Whole VMAs, or the ends of two. */
	if ((!keeps_left && !keeps_right) || !span->one_row)
		return CHANGE_REMOVE;
	return keeps_left && keeps_right ? CHANGE_SPLIT : CHANGE_SHRINK;
}

bool change_begin_removal(const struct replay *replay, struct vma_change *change,
                          const struct page_range *range)
{
	struct vma_span span;

	if (range->start >= range->end)
		return false;
	vma_map_span(replay->map, range->start, range->end, &span);
	if (!span.first)
		return false;
	begin(replay, change, removal_kind(&span, range), range, span.first);
	return true;
}

bool replay_apply(struct replay *replay, const struct ordered *ordered, bool uncertain,
                  struct vma_change *change)
{
	effect_fn *effect = apply[call_effect(ordered->event->call)];
	size_t count_before = vma_map_count(replay->map);

	*change = (struct vma_change) { .kind = CHANGE_COUNT, .name = "" };
	if (!effect || ordered->event->in_flight)
		return true;
	replay->uncertain = uncertain;
	replay->unseen = false;
	if (!effect(replay, ordered->event, ordered->half, change))
		return false;
	if (change->kind != CHANGE_COUNT)
		change_end(replay, change, count_before);
	return true;
}
