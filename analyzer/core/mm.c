/*
 * mm: see the header. Locks are the one thing here that no row of maps shows; they are followed in
 * a map of their own, whose runs mean "locked" and nothing else.
 */
#include "mm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "call_table.h"

/* All but the map, which has a kept state of its own. */
struct marks {
	bool lock_future; /* mlockall(MCL_FUTURE) is in force */
	bool more_locked; /* since the high-water mark was looked at */
	bool failed;
	uint64_t highest_bytes;
	uint64_t highest_count;
	uint64_t highest_locked;
};

struct mm_meter {
	struct vma_map *locks;
	uint32_t page_bytes;
	struct marks marks;
	struct marks kept;
};

struct mm_meter *mm_meter_new(uint32_t page_bytes)
{
	struct mm_meter *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	meter->page_bytes = page_bytes;
	meter->locks = vma_map_new(page_bytes);
	if (!meter->locks) {
		free(meter);
		return NULL;
	}
	return meter;
}

void mm_meter_free(struct mm_meter *meter)
{
	if (meter)
		vma_map_free(meter->locks);
	free(meter);
}

bool mm_meter_fine(const struct mm_meter *meter)
{
	return !meter->marks.failed;
}

static void lock(struct mm_meter *meter, uint64_t start, uint64_t end)
{
	struct vma_run run = { .start = start, .end = end };

	if (start < end && !vma_map_set(meter->locks, &run))
		meter->marks.failed = true;
	meter->marks.more_locked = true;
}

static void unlock(struct mm_meter *meter, uint64_t start, uint64_t end)
{
	if (start < end && !vma_map_clear(meter->locks, start, end))
		meter->marks.failed = true;
}

/* Start rounded down, end up: mm/mlock.c do_mlock(). */
static void lock_range(struct mm_meter *meter, const struct event *event, bool locked)
{
	uint64_t mask = meter->page_bytes - 1;
	uint64_t start = event->args[0] & ~mask;
	uint64_t end = (event->args[0] + event->args[1] + mask) & ~mask;

	if (locked)
		lock(meter, start, end);
	else
		unlock(meter, start, end);
}

static bool is_special(const struct vma_row *row)
{
	return strncmp(row->name, "[v", 2) == 0; /* vdso, vvar, vsyscall: never locked */
}

static uint64_t locked_bytes(const struct mm_meter *meter, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);
	const struct vma_run *run = vma_map_at(map, 0);
	uint64_t bytes = 0;

	for (const struct vma_run *locked = vma_map_at(meter->locks, 0); locked;
	     locked = vma_map_next(meter->locks, locked)) {
		while (run && run->end <= locked->start)
			run = vma_map_next(map, run);
		for (; run && run->start < locked->end; run = vma_map_next(map, run)) {
			uint64_t start = run->start > locked->start ? run->start : locked->start;
			uint64_t end = run->end < locked->end ? run->end : locked->end;

			bytes += end - start;
			if (run->end > locked->end)
				break; /* the next locked range may begin in this run */
		}
	}
	return bytes;
}

static void lock_all(struct mm_meter *meter, const struct walk *walk, const struct event *event)
{
	const struct vma_map *map = walk_map(walk);

	meter->marks.lock_future = event->args[0] & MCL_FUTURE;
	if (!(event->args[0] & MCL_CURRENT))
		return;
	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		struct vma_row row = { .name = vma_map_object_name(map, run->object) };

		if (!is_special(&row))
			lock(meter, run->start, run->end);
	}
}

void mm_meter_base(struct mm_meter *meter, const struct walk *walk)
{
	meter->marks.highest_bytes = vma_map_bytes(walk_map(walk));
	meter->marks.highest_count = vma_map_count(walk_map(walk));
}

void mm_meter_change(struct mm_meter *meter, const struct vma_change *change)
{
	const struct event *event = change->event;
	bool mapped = change->kind == CHANGE_CREATE || change->kind == CHANGE_REPLACE ||
	              change->kind == CHANGE_GROW;

	if (change->mapped_bytes > meter->marks.highest_bytes)
		meter->marks.highest_bytes = change->mapped_bytes;
	if (change->vma_count > meter->marks.highest_count)
		meter->marks.highest_count = change->vma_count;
	if (change->kind == CHANGE_MOVE) {
		/* Locks move along; which pages they were on, the old place says. */
		const struct vma_run *run = vma_map_at(meter->locks, change->old_start);
		bool locked = run && run->start <= change->old_start;

		unlock(meter, change->old_start, change->old_start + (change->end - change->start));
		if (locked)
			lock(meter, change->start, change->end);
		return;
	}
	if (change->kind == CHANGE_REMOVE || change->kind == CHANGE_SHRINK || mapped)
		unlock(meter, change->start, change->end);
	if (mapped && (meter->marks.lock_future ||
	               (call_effect(event->call) == EFFECT_MAPS && (event->args[3] & MAP_LOCKED))))
		lock(meter, change->start, change->end);
}

void mm_meter_after(struct mm_meter *meter, const struct walk *walk, const struct event *event)
{
	enum call_effect effect = call_effect(event->call);
	uint64_t locked;

	if (event->failed || event->in_flight)
		return;
	if (effect == EFFECT_LOCKS)
		lock_range(meter, event, true);
	else if (effect == EFFECT_UNLOCKS)
		lock_range(meter, event, false);
	else if (effect == EFFECT_LOCKS_ALL)
		lock_all(meter, walk, event);
	else if (effect == EFFECT_UNLOCKS_ALL) {
		meter->marks.lock_future = false;
		unlock(meter, 0, UINT64_MAX & ~(uint64_t)(meter->page_bytes - 1));
	}
	if (!meter->marks.more_locked)
		return; /* almost always: the sum walks over all VMAs */
	meter->marks.more_locked = false;
	locked = locked_bytes(meter, walk);
	if (locked > meter->marks.highest_locked)
		meter->marks.highest_locked = locked;
}

void mm_meter_keep(struct mm_meter *meter)
{
	vma_map_keep(meter->locks);
	meter->kept = meter->marks;
}

bool mm_meter_go_back(struct mm_meter *meter)
{
	meter->marks = meter->kept;
	return vma_map_go_back(meter->locks);
}

static void read_heap(const struct vma_row_info *rows, size_t count, uint64_t start, uint64_t end,
                      struct mm_view *view)
{
	uint64_t at = start;

	for (size_t i = 0; i <= count && at < end; i++) {
		const struct vma_row *row = i < count ? &rows[i].row : NULL;
		bool heap = row && row->inode == 0 && !row->shared;
		struct mm_hole hole = { .start = at, .end = end };

		if (row && row->end <= at)
			continue;
		if (row && row->start <= at && heap) {
			at = row->end;
			continue;
		}
		if (row && row->start <= at) { /* something else in its place */
			hole.mapped = true;
			hole.end = row->end < end ? row->end : end;
		} else if (row && row->start < end) {
			hole.end = row->start;
			i--; /* the row itself comes next */
		}
		if (view->hole_count < MM_HOLE_LIMIT)
			view->hole[view->hole_count] = hole;
		view->hole_count++;
		view->hole_bytes += hole.end - hole.start;
		at = hole.end;
	}
}

void mm_view_read(const struct mm_meter *meter, const struct walk *walk,
                  const struct vma_row_info *rows, size_t count, const struct vmat_header *header,
                  struct mm_view *view)
{
	uint64_t mask = meter->page_bytes - 1;
	uint64_t gate = 0; /* [vsyscall] is shown in maps and counted nowhere */

	*view = (struct mm_view) { .brk = walk_brk(walk) };
	for (size_t i = 0; i < count; i++) {
		const struct vma_row *row = &rows[i].row;
		uint64_t bytes = row->end - row->start;

		if (strcmp(row->name, "[vsyscall]") == 0) {
			gate += bytes;
			continue;
		}
		view->map_count++;
		view->total_bytes += bytes;
		if (rows[i].internal) {
			view->own_count++;
			view->own_bytes += bytes;
		}
		if (row->shared)
			view->shared_bytes += bytes;
		if (rows[i].grows_down)
			view->stack_bytes += bytes;
		else if (row->prot & PROT_WRITE)
			view->data_bytes += row->shared ? 0 : bytes;
		else if (row->prot & PROT_EXEC)
			view->exec_bytes += bytes;
	}
	view->exe_bytes = ((header->end_code + mask) & ~mask) - (header->start_code & ~mask);
	if (header->end_code < header->start_code || view->exe_bytes > view->exec_bytes)
		view->exe_bytes = view->exec_bytes; /* as the kernel has it */
	view->lib_bytes = view->exec_bytes - view->exe_bytes;
	view->locked_bytes = locked_bytes(meter, walk);
	view->highest_bytes = meter->marks.highest_bytes - gate;
	view->highest_count = meter->marks.highest_count - (gate ? 1 : 0);
	view->highest_locked = meter->marks.highest_locked;
	if (header->start_brk && view->brk > header->start_brk)
		read_heap(rows, count, (header->start_brk + mask) & ~mask,
		          (view->brk + mask) & ~mask, view);
}
