/*
 * timeline: see the header.
 */
#include "timeline.h"

static uint64_t without(uint64_t total, uint64_t own)
{
	return total > own ? total - own : 0;
}

static void follow(struct timeline *timeline, uint64_t bytes, uint64_t vmas, uint64_t seq,
                   uint64_t time_ns)
{
	struct curve_value *now = &timeline->now;

	now->mapped_bytes = without(bytes, timeline->own.mapped_bytes);
	now->vma_count = without(vmas, timeline->own.vma_count);
	curve_add(&timeline->curve, time_ns, now);
	if (now->mapped_bytes > timeline->peak_bytes.value)
		timeline->peak_bytes = (struct timeline_peak) { now->mapped_bytes, seq, time_ns };
	if (now->vma_count > timeline->peak_vmas.value)
		timeline->peak_vmas = (struct timeline_peak) { now->vma_count, seq, time_ns };
}

void timeline_init(struct timeline *timeline)
{
	*timeline = (struct timeline) { 0 };
	curve_init(&timeline->curve);
}

void timeline_begin(struct timeline *timeline, const struct walk *walk,
                    const struct curve_value *own, uint64_t time_ns)
{
	if (timeline->begun)
		return;
	timeline->begun = true;
	timeline->own = *own;
	follow(timeline, vma_map_bytes(walk_map(walk)), vma_map_count(walk_map(walk)),
	       CREATED_BEFORE, time_ns);
	timeline->start = timeline->now;
}

bool timeline_follow(struct timeline *timeline, const struct vma_change *change)
{
	uint64_t peak = timeline->peak_bytes.value;

	follow(timeline, change->mapped_bytes, change->vma_count, change->event->seq,
	       change->event->time_ns);
	return timeline->peak_bytes.value > peak;
}

void timeline_count(struct timeline *timeline, enum change_kind kind, uint64_t count)
{
	timeline->changes[kind] += count;
	timeline->total_changes += count;
}
