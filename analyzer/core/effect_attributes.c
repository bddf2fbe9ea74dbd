/*
 * effect_attributes: calls that change pages which stay mapped: protection, locks, names, advice. Only the
 * first and the names show in /proc/PID/maps; locks and seals are kept for reports.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "effects.h"
#include "runs.h"

static struct page_range range_of(const struct replay *replay, const struct event *event)
{
	return page_range(event->args[0], event->args[1], replay->page_bytes);
}

/* --- mprotect, pkey_mprotect -------------------------------------------------------------------------- */

static void protect(struct vma_run *run, const struct event *event)
{
	run->prot = event->args[2] & (PROT_READ | PROT_WRITE | PROT_EXEC);
	run->row = 0; /* it may now be one with its neighbour */
	run->changed_by = event->seq;
}

/*
 * PROT_GROWSDOWN begins where the first VMA at or above the address begins, below it or above it. Only the
 * kernel knows where that is: the first row says, or else the model's best guess.
 */
static uint64_t grows_down_from(const struct replay *replay, const struct event *event,
                                uint64_t start)
{
	const struct vma_run *run = vma_map_at(replay->map, start);
	const struct vma_run *before;

	for (size_t i = 0; event->has_rows && i < event->row_count; i++) {
		if (event->rows[i].end > start)
			return event->rows[i].start;
	}
	if (!run)
		return start;
	while ((before = vma_map_before(replay->map, run->start)) && runs_join(before, run))
		run = before;
	return run->start;
}

/*
 * Pages are changed one after the other until the first that cannot be: a failed call may have changed
 * those before it. A hole is known here; for a page that may not be written the rows must say.
 */
bool effect_protects(struct replay *replay, const struct event *event, enum order_half half,
                     struct vma_change *change)
{
	struct page_range range = range_of(replay, event);
	struct page_range changed = range;
	uint64_t hole;

	(void)half;
	if (range.start == range.end)
		return true;
	if (event->args[2] & PROT_GROWSDOWN)
		changed.start = range.start = grows_down_from(replay, event, range.start);
	hole = replay_first_hole(replay, &range);
	if (event->failed) {
		bool by_hole = !event->has_rows && event->error == ENOMEM && hole < range.end;

		changed.end = by_hole ? hole : changed.start;
	} else if (hole < range.end) {
		replay_doubt(replay);
	}
	if (changed.start < changed.end) {
		change_begin(replay, change, CHANGE_PROTECT, &changed);
		if (!replay_modify(replay, &changed, protect, event))
			return false;
	}
	return replay_resync(replay, event, &range, change);
}

/* --- what rows do not show ---------------------------------------------------------------------------- */

static void lock(struct vma_run *run, const struct event *event)
{
	run->map_flags |= RUN_LOCKED;
	run->changed_by = event->seq;
}

static void unlock(struct vma_run *run, const struct event *event)
{
	run->map_flags &= (uint8_t)~RUN_LOCKED;
	run->changed_by = event->seq;
}

static void seal(struct vma_run *run, const struct event *event)
{
	run->map_flags |= RUN_SEALED;
	run->changed_by = event->seq;
}

static bool mark(struct replay *replay, const struct event *event, struct vma_change *change,
                 enum change_kind kind, const struct page_range *range,
                 void (*modify)(struct vma_run *run, const struct event *event))
{
	if (event->failed || range->start == range->end)
		return true;
	change_begin(replay, change, kind, range);
	return !modify || replay_modify(replay, range, modify, event);
}

bool effect_advises(struct replay *replay, const struct event *event, enum order_half half,
                    struct vma_change *change)
{
	struct page_range range = range_of(replay, event);

	(void)half;
	return mark(replay, event, change, CHANGE_ADVISE, &range, NULL);
}

bool effect_binds(struct replay *replay, const struct event *event, enum order_half half,
                  struct vma_change *change)
{
	return effect_advises(replay, event, half, change);
}

bool effect_seals(struct replay *replay, const struct event *event, enum order_half half,
                  struct vma_change *change)
{
	struct page_range range = range_of(replay, event);

	(void)half;
	return mark(replay, event, change, CHANGE_ADVISE, &range, seal);
}

bool effect_locks(struct replay *replay, const struct event *event, enum order_half half,
                  struct vma_change *change)
{
	struct page_range range = range_of(replay, event);

	(void)half;
	return mark(replay, event, change, CHANGE_LOCK, &range, lock);
}

bool effect_unlocks(struct replay *replay, const struct event *event, enum order_half half,
                    struct vma_change *change)
{
	struct page_range range = range_of(replay, event);

	(void)half;
	return mark(replay, event, change, CHANGE_LOCK, &range, unlock);
}

/* [vsyscall], in the upper half, is listed with each process and belongs to none. */
static struct page_range everything(const struct replay *replay)
{
	const struct vma_run *first = vma_map_at(replay->map, 0);
	const struct vma_run *last = vma_map_before(replay->map, UINT64_MAX / 2 + 1);

	return first && last ? (struct page_range) { first->start, last->end }
	                     : (struct page_range) { 0, 0 };
}

bool effect_locks_all(struct replay *replay, const struct event *event, enum order_half half,
                      struct vma_change *change)
{
	struct page_range range = everything(replay);

	(void)half;
	if (event->failed)
		return true;
	replay->lock_future = event->args[0] & MCL_FUTURE;
	return !(event->args[0] & MCL_CURRENT) ||
	       mark(replay, event, change, CHANGE_LOCK, &range, lock);
}

bool effect_unlocks_all(struct replay *replay, const struct event *event, enum order_half half,
                        struct vma_change *change)
{
	struct page_range range = everything(replay);

	(void)half;
	if (event->failed)
		return true;
	replay->lock_future = false;
	return mark(replay, event, change, CHANGE_LOCK, &range, unlock);
}

/* --- prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME) ---------------------------------------------------------- */

static bool set_name(struct replay *replay, const struct event *event, struct vma_run *run)
{
	const struct object *object = vma_map_object_at(replay->map, run->object);
	bool shared = object_has_offsets(object);
	const char *form = shared ? "[anon_shmem:%s]" : "[anon:%s]";
	char name[256];

	if (event->text)
		snprintf(name, sizeof(name), form, event->text);
	else
		snprintf(name, sizeof(name), "%s", shared ? "/dev/zero (deleted)" : "");
	run->row = 0;
	run->changed_by = event->seq;
	return vma_map_object(replay->map, object->dev_major, object->dev_minor, object->inode,
	                      name, &run->object) &&
	       vma_map_set(replay->map, run);
}

/* Names are for anonymous memory; as with madvise, a hole is an error that stops nothing. */
bool effect_names(struct replay *replay, const struct event *event, enum order_half half,
                  struct vma_change *change)
{
	struct page_range range = page_range(event->args[2], event->args[3], replay->page_bytes);
	const struct vma_run *run;

	(void)half;
	if ((event->failed && event->error != ENOMEM) || range.start == range.end)
		return true;
	change_begin(replay, change, CHANGE_ADVISE, &range);
	for (uint64_t at = range.start;
	     at < range.end && (run = vma_map_at(replay->map, at)) && run->start < range.end;) {
		const struct object *object = vma_map_object_at(replay->map, run->object);
		struct vma_run copy = *run;

		if (copy.start < at)
			copy.start = at;
		if (copy.end > range.end)
			copy.end = range.end;
		at = copy.end;
		if ((object_is_anonymous(object) ||
		     strcmp(object->name, "/dev/zero (deleted)") == 0 ||
		     strncmp(object->name, "[anon_shmem:", strlen("[anon_shmem:")) == 0) &&
		    !set_name(replay, event, &copy))
			return false;
	}
	return true;
}
