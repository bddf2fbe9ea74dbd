/*
 * shared_finish: what shared_objects.c found in one process after the other, put together by object.
 */
#include <stdlib.h>
#include <string.h>

#include "shared_objects.h"

static int compare(const void *left, const void *right)
{
	const struct shared_act *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->when_ns > b->when_ns) - (a->when_ns < b->when_ns);
}

/* In the order that they were found in. */
static int compare_holders(const void *left, const void *right)
{
	const struct shared_holder *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->next > b->next) - (a->next < b->next);
}

/* Acts that map an object, by its name and when. */
struct named {
	const char *name;
	uint64_t when_ns;
	size_t object;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->when_ns != b->when_ns)
		return a->when_ns < b->when_ns ? -1 : 1;
	return (a->object > b->object) - (a->object < b->object);
}

static struct named *mappings_by_name(const struct shared_objects *shared, size_t *count)
{
	struct named *mappings = calloc(shared->act_count + 1, sizeof(*mappings));

	*count = 0;
	for (size_t i = 0; mappings && i < shared->act_count; i++) {
		const struct shared_act *act = &shared->acts[i];

		if (act->kind == SHARED_MAPPED)
			mappings[(*count)++] = (struct named) { shared->objects[act->object].name,
				                                act->when_ns, act->object };
	}
	if (mappings)
		qsort(mappings, *count, sizeof(*mappings), compare_named);
	return mappings;
}

/* Acts on a name belong to the object of that name that was mapped next; that it goes, to the one before. */
static size_t object_of_name(const struct shared_objects *shared, const struct shared_act *named,
                             const struct named *mappings, size_t count)
{
	const struct named wanted = { shared->objects[named->object].name, named->when_ns, 0 };
	size_t low = 0, high = count;

	while (low < high) { /* the first that is not before it */
		size_t middle = low + (high - low) / 2;

		if (compare_named(&mappings[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (named->kind == SHARED_UNLINKED)
		low = low ? low - 1 : count;
	return low < count && strcmp(mappings[low].name, wanted.name) == 0 ? mappings[low].object
	                                                                   : named->object;
}

bool shared_objects_finish(struct shared_objects *shared)
{
	size_t *objects = calloc(shared->act_count + 1, sizeof(*objects));
	size_t mapped = 0;
	struct named *mappings = mappings_by_name(shared, &mapped);

	if (!objects || !mappings) {
		free(objects);
		free(mappings);
		return false;
	}
	for (size_t i = 0; i < shared->act_count; i++) {
		const struct shared_act *named = &shared->acts[i];

		objects[i] = shared->objects[named->object].inode
		                     ? named->object
		                     : object_of_name(shared, named, mappings, mapped);
	}
	for (size_t i = 0; i < shared->act_count; i++)
		shared->acts[i].object = objects[i];
	free(objects);
	free(mappings);
	if (shared->act_count)
		qsort(shared->acts, shared->act_count, sizeof(*shared->acts), compare);
	for (size_t i = 0; i < shared->holder_count; i++)
		shared->holders[i].next = i;
	if (shared->holder_count)
		qsort(shared->holders, shared->holder_count, sizeof(*shared->holders),
		      compare_holders);
	for (size_t i = shared->act_count; i-- > 0;) {
		struct shared_object *object = &shared->objects[shared->acts[i].object];

		object->first_act = i;
		object->act_count++;
	}
	for (size_t i = shared->holder_count; i-- > 0;) {
		struct shared_object *object = &shared->objects[shared->holders[i].object];

		object->first_holder = i;
		object->holder_count++;
	}
	return true;
}
