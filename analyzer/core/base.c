/*
 * base: see the header.
 */
#include "base.h"

#include "call_table.h"
#include "pages.h"
#include "vmatrace/trace_format.h"

static void mark_own(struct vma_run *run)
{
	run->internal = true;
}

static void mark_program(struct vma_run *run)
{
	run->internal = false;
}

static void mark_written(struct vma_run *run)
{
	run->map_flags |= RUN_WRITABLE_ONCE;
}

/* Says of what lies in [start, end) what the base could not tell. */
static bool mark_range(struct vma_map *map, uint64_t start, uint64_t end,
                       void (*mark)(struct vma_run *run))
{
	const struct vma_run *run;

	for (uint64_t at = start; at < end && (run = vma_map_at(map, at)) && run->start < end;) {
		struct vma_run copy = *run;

		if (copy.start < at)
			copy.start = at;
		if (copy.end > end)
			copy.end = end;
		at = copy.end;
		mark(&copy);
		if (!vma_map_set(map, &copy))
			return false;
	}
	return true;
}

bool base_load(struct replay *replay, const struct walk_input *input,
               const struct snapshot *snapshot)
{
	struct vma_map *map = replay_map(replay);

	if (!replay_load(replay, snapshot))
		return false;
	for (size_t i = 0; i < sizeof(input->own) / sizeof(input->own[0]); i++) {
		if (!mark_range(map, input->own[i].start, input->own[i].end, mark_own))
			return false;
	}
	for (size_t i = 0; i < input->written_count; i++) {
		const struct walk_range *range = &input->written[i];

		if (!mark_range(map, range->start, range->end, mark_written))
			return false;
	}
	return true;
}

bool base_holds(struct replay *replay, const struct event *event, uint32_t page_bytes)
{
	struct touch touch;

	if (call_effect(event->call) != EFFECT_MAPS || event->failed)
		return true;
	event_touch(event, page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		if (!mark_range(replay_map(replay), touch.ranges[i].start, touch.ranges[i].end,
		                event->flags & VMAT_EVENT_INTERNAL ? mark_own : mark_program))
			return false;
	}
	return true;
}
