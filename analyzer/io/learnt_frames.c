/*
 * learnt_frames.c: see learnt_frames.h.
 */
#include "learnt_frames.h"

#include <stdlib.h>

size_t learnt_frames_find(const struct learnt_frames *learnt, uint64_t address,
                          struct image_frame frames[IMAGE_FRAME_LIMIT])
{
	const uint64_t *place = number_table_find(&learnt->by_address, address);
	const struct learnt_address *found =
		place && *place ? &learnt->addresses[*place - 1] : NULL;

	for (uint32_t i = 0; found && i < found->count; i++)
		frames[i] = learnt->frames[learnt->ids[found->first + i]];
	return found ? found->count : 0;
}

static bool same_frame(const struct image_frame *a, const struct image_frame *b)
{
	/* The same name is the same string, mostly; two that are not are kept twice. */
	return a->function == b->function && a->path == b->path && a->line == b->line &&
	       a->inlined == b->inlined;
}

static uint64_t hash_of(const struct image_frame *frame)
{
	uint64_t hash = (uintptr_t)frame->function;

	hash = hash * 0x100000001b3ull ^ (uintptr_t)frame->path;
	return hash * 0x100000001b3ull ^ (uint64_t)frame->line << 1 ^ frame->inlined;
}

/* Takes the bytes out of the room. */
static bool take_room(struct learnt_frames *learnt, size_t bytes)
{
	if (bytes > *learnt->room)
		return false;
	*learnt->room -= bytes;
	return true;
}

/* Room for one more in an array that doubles; false: none. Old and new are there at once. */
static bool reserve(struct learnt_frames *learnt, void **array, size_t count, size_t size)
{
	void *grown;

	if (count & (count - 1))
		return true;
	if (!take_room(learnt, (count + 1) * size))
		return false;
	grown = reallocarray(*array, count ? 2 * count : 1, size);
	if (grown)
		*array = grown;
	return grown;
}

#define RESERVE(learnt, array, count)                                                              \
	reserve(learnt, (void **)&(learnt)->array, (learnt)->count, sizeof(*(learnt)->array))

/* A table's entry, of which it makes four for each that is taken. */
static uint64_t *place_at(struct learnt_frames *learnt, struct number_table *table, uint64_t key)
{
	return take_room(learnt, 4 * sizeof(struct number_entry)) ? number_table_at(table, key)
	                                                          : NULL;
}

/* The frame's place, or false. */
static bool keep_frame(struct learnt_frames *learnt, const struct image_frame *frame, uint32_t *id)
{
	uint64_t hash = hash_of(frame);
	const uint64_t *known = number_table_find(&learnt->by_frame, hash);
	uint64_t *place;

	if (known && *known && same_frame(&learnt->frames[*known - 1], frame)) {
		*id = (uint32_t)(*known - 1);
		return true;
	}
	place = RESERVE(learnt, frames, frame_count) ? place_at(learnt, &learnt->by_frame, hash)
	                                             : NULL;
	if (!place)
		return false;
	*id = (uint32_t)learnt->frame_count;
	learnt->frames[learnt->frame_count++] = *frame;
	*place = learnt->frame_count;
	return true;
}

void learnt_frames_add(struct learnt_frames *learnt, uint64_t address,
                       const struct image_frame *frames, size_t count)
{
	uint32_t first = (uint32_t)learnt->id_count;
	uint64_t *place;

	for (size_t i = 0; i < count; i++) {
		uint32_t id;

		if (!RESERVE(learnt, ids, id_count) || !keep_frame(learnt, &frames[i], &id))
			return;
		learnt->ids[learnt->id_count++] = id;
	}
	if (!RESERVE(learnt, addresses, address_count))
		return;
	place = place_at(learnt, &learnt->by_address, address);
	if (!place)
		return;
	learnt->addresses[learnt->address_count++] =
		(struct learnt_address) { address, first, (uint32_t)count };
	*place = learnt->address_count;
}

static int by_address(const void *left, const void *right)
{
	const struct learnt_address *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

void learnt_frames_sort(struct learnt_frames *learnt)
{
	number_table_release(&learnt->by_address);
	if (learnt->address_count)
		qsort(learnt->addresses, learnt->address_count, sizeof(*learnt->addresses),
		      by_address);
}

void learnt_frames_release(struct learnt_frames *learnt)
{
	free(learnt->addresses);
	free(learnt->ids);
	free(learnt->frames);
	number_table_release(&learnt->by_address);
	number_table_release(&learnt->by_frame);
	*learnt = (struct learnt_frames) { 0 };
}
