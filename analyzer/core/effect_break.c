/*
 * effect_break: brk and sbrk. Only whole pages between the old and the new break matter: inside one page the
 * break moves and the map does not. Shrinking takes whatever lies there, heap or not; growing maps
 * anonymous memory. (Under READ_IMPLIES_EXEC that is executable too, which only rows tell.)
 */
#include <sys/mman.h>

#include "effects.h"
#include "vmatrace/trace_format.h"

static bool grow(struct replay *replay, const struct event *event, const struct page_range *range,
                 struct vma_change *change)
{
	const struct vma_run *below = vma_map_before(replay->map, range->start);
	struct vma_run run = {
		.start = range->start,
		.end = range->end,
		.prot = PROT_READ | PROT_WRITE,
		.internal = false, /* the heap is the program's, whoever made malloc extend it */
		.map_flags = replay->lock_future ? RUN_LOCKED : 0,
		.created_by = event->seq,
		.changed_by = event->seq,
	};
	bool extends = below && below->end == range->start && below->end > replay->start_brk &&
	               below->object == OBJECT_ANONYMOUS;

	if (replay_any_mapped(replay, range))
		replay_doubt(replay);
	change_begin(replay, change, extends ? CHANGE_GROW : CHANGE_CREATE, range);
	return vma_map_set(replay->map, &run) && replay_resync(replay, event, range, change);
}

static bool move_break(struct replay *replay, const struct event *event, uint64_t old, uint64_t new,
                       struct vma_change *change)
{
	uint64_t old_end = page_ceil(old, replay->page_bytes);
	uint64_t new_end = page_ceil(new, replay->page_bytes);
	struct page_range range = { old_end < new_end ? old_end : new_end,
		                    old_end < new_end ? new_end : old_end };

	replay->brk = new;
	if (old_end == new_end)
		return true;
	if (new_end > old_end)
		return grow(replay, event, &range, change);
	if (!change_begin_removal(replay, change, &range)) {
		replay_doubt(replay); /* the kernel refuses to shrink over nothing */
		return true;
	}
	return vma_map_clear(replay->map, range.start, range.end);
}

/* The result is the kernel's word for where the break now is, whatever was asked. */
bool effect_sets_break(struct replay *replay, const struct event *event, enum order_half half,
                       struct vma_change *change)
{
	uint64_t old = event->args[1] ? event->args[1] : replay->brk;

	(void)half;
	if (!event->result)
		return true;
	if (!old) { /* never heard of the break before: nothing to compare with */
		replay->brk = event->result;
		return true;
	}
	return move_break(replay, event, old, event->result, change);
}

/*
 * The result is the old break. A shrink over nothing was refused by the kernel, and libc's sbrk() says
 * success all the same: the break is where it was.
 */
bool effect_moves_break(struct replay *replay, const struct event *event, enum order_half half,
                        struct vma_change *change)
{
	uint64_t old = event->result;
	uint64_t new = old + event->args[0];
	struct page_range shrunk = { page_ceil(new, replay->page_bytes),
		                     page_ceil(old, replay->page_bytes) };

	(void)half;
	if (event->failed)
		return true;
	if (shrunk.start < shrunk.end && !replay_any_mapped(replay, &shrunk)) {
		replay->brk = old;
		return true;
	}
	return move_break(replay, event, old, new, change);
}
