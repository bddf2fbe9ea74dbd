/*
 * double_map: see the header.
 */
#include "double_map.h"

#include <sys/mman.h>

#include "objects.h"
#include "runs.h"

enum { WRITES = 1, EXECUTES = 2, BOTH = WRITES | EXECUTES };

bool change_gives_rights(enum change_kind kind)
{
	static const bool gives[CHANGE_COUNT] = {
		[CHANGE_CREATE] = true, [CHANGE_REPLACE] = true, [CHANGE_GROW] = true,
		[CHANGE_MERGE] = true,  [CHANGE_PROTECT] = true, [CHANGE_IMPLICIT] = true,
	};

	return kind < CHANGE_COUNT && gives[kind];
}

/* What the run lets be done to its file's pages. */
static unsigned rights_of(const struct vma_run *run)
{
	unsigned rights = 0;

	if (run->shared && run->prot & PROT_WRITE)
		rights |= WRITES;
	if (run->prot & PROT_EXEC)
		rights |= EXECUTES;
	return rights;
}

/* Two files of one key would only be looked at once too often. */
static uint64_t key_of(const struct object *object)
{
	return object->inode ^ (uint64_t)object->dev_major << 52 ^
	       (uint64_t)object->dev_minor << 32;
}

/* NULL: the run has no rights that matter here. False: out of memory. */
static bool add(struct double_map *doubles, const struct vma_map *map, const struct vma_run *run,
                uint64_t **rights)
{
	const struct object *object = vma_map_object_at(map, run->object);

	*rights = NULL;
	if (!rights_of(run) || !object->inode)
		return true;
	*rights = number_table_at(&doubles->rights, key_of(object));
	if (!*rights)
		return false;
	**rights |= rights_of(run);
	return true;
}

bool double_map_begin(struct double_map *doubles, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);
	uint64_t *rights;

	doubles->walk = walk;
	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		if (!add(doubles, map, run, &rights))
			return false;
	}
	return true;
}

static bool same_file(const struct vma_map *map, const struct vma_run *a, const struct vma_run *b)
{
	const struct object *left = vma_map_object_at(map, a->object);
	const struct object *right = vma_map_object_at(map, b->object);

	return a->object == b->object ||
	       (left->inode == right->inode && left->dev_major == right->dev_major &&
	        left->dev_minor == right->dev_minor);
}

/* A mapping that gives pages of `run` the right that it does not: they, and where they are there. */
static bool find_other(const struct vma_map *map, const struct vma_run *run,
                       struct page_range *here, struct page_range *there)
{
	const struct page_range pages = { run->start + run->delta, run->end + run->delta };

	for (const struct vma_run *other = vma_map_at(map, 0); other;
	     other = vma_map_next(map, other)) {
		struct page_range both = { other->start + other->delta, other->end + other->delta };

		if (!(rights_of(other) & ~rights_of(run)) || !same_file(map, run, other))
			continue;
		both.start = both.start > pages.start ? both.start : pages.start;
		both.end = both.end < pages.end ? both.end : pages.end;
		if (both.start >= both.end)
			continue;
		*here = (struct page_range) { both.start - run->delta, both.end - run->delta };
		*there = (struct page_range) { both.start - other->delta, both.end - other->delta };
		return true;
	}
	return false;
}

bool double_map_see(struct double_map *doubles, const struct vma_change *change, bool *found,
                    struct page_range *here, struct page_range *there)
{
	const struct vma_map *map = doubles->walk ? walk_map(doubles->walk) : NULL;

	*found = false;
	if (!map || !change->mapped_after || !change_gives_rights(change->kind))
		return true;
	for (const struct vma_run *run = vma_map_at(map, change->start);
	     run && run->start < change->end; run = vma_map_next(map, run)) {
		struct vma_run part = *run;
		uint64_t *rights;

		if (!add(doubles, map, run, &rights))
			return false;
		if (!rights || *rights != BOTH || rights_of(run) == BOTH)
			continue;
		part.start = part.start < change->start ? change->start : part.start;
		part.end = part.end > change->end ? change->end : part.end;
		*found = find_other(map, &part, here, there);
		if (*found)
			break;
	}
	return true;
}

void double_map_release(struct double_map *doubles)
{
	number_table_release(&doubles->rights);
	*doubles = (struct double_map) { 0 };
}
