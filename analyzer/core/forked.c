/*
 * forked.c: an observer in front of another; at two moments of each child it reads the whole map, in between only
 * what is made writable.
 */
#include "forked.h"

#include <stdlib.h>
#include <sys/mman.h>

void forked_expect(struct forked *forked, uint64_t child, uint64_t seen, uint64_t head)
{
	struct fork_child *grown = forked->children;

	if ((forked->count & (forked->count - 1)) == 0)
		grown = reallocarray(grown, forked->count ? 2 * forked->count : 1, sizeof(*grown));
	if (!grown) {
		forked->failed = true;
		return;
	}
	forked->children = grown;
	grown[forked->count++] = (struct fork_child) {
		.id = child,
		.seen = seen && seen < head ? seen : head,
		.head = head,
	};
}

/* Ranges come in order mostly: what touches the last one joins it. */
static void add(struct forked *forked, struct fork_child *child, uint64_t start, uint64_t end)
{
	struct walk_range *last = child->count ? &child->written[child->count - 1] : NULL;

	if (last && last->start <= start && start <= last->end) {
		last->end = end > last->end ? end : last->end;
		return;
	}
	if (child->count == child->capacity) {
		size_t capacity = child->capacity ? 2 * child->capacity : 16;
		struct walk_range *grown =
			reallocarray(child->written, capacity, sizeof(*child->written));

		if (!grown) {
			forked->failed = true;
			return;
		}
		child->written = grown;
		child->capacity = capacity;
	}
	child->written[child->count++] = (struct walk_range) { start, end };
}

static void add_all(struct forked *forked, struct fork_child *child, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);

	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run))
		if (run->map_flags & RUN_WRITABLE_ONCE && !run->internal)
			add(forked, child, run->start, run->end);
}

/* The walk stands where all events before `now` have had their effect. Children are in order of `seen`. */
static void come_to(struct forked *forked, const struct walk *walk, uint64_t now)
{
	for (size_t i = forked->first; i < forked->count && forked->children[i].seen <= now; i++) {
		struct fork_child *child = &forked->children[i];
		bool past = now >= child->head;

		if (child->moment == FORK_TO_COME || (child->moment == FORK_OPEN && past)) {
			add_all(forked, child, walk);
			child->moment = past ? FORK_KNOWN : FORK_OPEN;
		}
		if (i == forked->first && child->moment >= FORK_KNOWN)
			forked->first++;
	}
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct forked *forked = context;

	if (!event->in_flight)
		come_to(forked, walk, event->exit);
	return !forked->inner.before || forked->inner.before(forked->inner.context, walk, event);
}

static void change(void *context, const struct vma_change *change)
{
	struct forked *forked = context;

	for (size_t i = forked->first;
	     i < forked->count && forked->children[i].moment != FORK_TO_COME; i++)
		if (forked->children[i].moment == FORK_OPEN && change->mapped_after &&
		    change->prot_after & PROT_WRITE)
			add(forked, &forked->children[i], change->start, change->end);
	if (forked->inner.change)
		forked->inner.change(forked->inner.context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct forked *forked = context;

	return !forked->inner.after || forked->inner.after(forked->inner.context, walk, event);
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct forked *forked = context;

	for (size_t i = forked->first; checkpoint->is_base && i < forked->count; i++)
		if (forked->children[i].head < checkpoint->snapshot->begin)
			forked->children[i].moment = FORK_LOST;
	if (forked->inner.checkpoint)
		forked->inner.checkpoint(forked->inner.context, walk, checkpoint);
}

static int compare_children(const void *left, const void *right)
{
	const struct fork_child *a = left, *b = right;

	return a->seen != b->seen ? (a->seen > b->seen ? 1 : -1)
	                          : (a->id > b->id) - (a->id < b->id);
}

void forked_watch(struct forked *forked, struct walk_observer *observer)
{
	if (forked->count > forked->first)
		qsort(forked->children + forked->first, forked->count - forked->first,
		      sizeof(*forked->children), compare_children);
	for (size_t i = forked->first; i < forked->count; i++) {
		uint64_t *place = number_table_at(&forked->by_id, forked->children[i].id);

		if (place)
			*place = i + 1;
		else
			forked->failed = true;
	}
	forked->inner = *observer;
	*observer = (struct walk_observer) {
		.context = forked,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};
}

void forked_end(struct forked *forked, const struct walk *walk)
{
	if (walk)
		come_to(forked, walk, UINT64_MAX);
	forked->first = forked->count;
}

const struct fork_child *forked_find(const struct forked *forked, uint64_t child)
{
	const uint64_t *place = number_table_find(&forked->by_id, child);

	return place && forked->children[*place - 1].moment == FORK_KNOWN
	               ? &forked->children[*place - 1]
	               : NULL;
}

void forked_release(struct forked *forked)
{
	for (size_t i = 0; i < forked->count; i++)
		free(forked->children[i].written);
	free(forked->children);
	number_table_release(&forked->by_id);
	*forked = (struct forked) { 0 };
}
