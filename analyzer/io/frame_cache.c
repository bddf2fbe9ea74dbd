/*
 * frame_cache.c: see frame_cache.h.
 */
#include "frame_cache.h"

#include <stdlib.h>

static void release(struct frame_generation *generation)
{
	for (size_t i = 0; i < generation->slots; i++) {
		if (!generation->items[i].moved)
			free(generation->items[i].frames);
	}
	free(generation->items);
	*generation = (struct frame_generation) { 0 };
}

void frame_cache_release(struct frame_cache *cache)
{
	release(&cache->young);
	release(&cache->old);
}

/* The slot of the key, or the free one where it belongs. There are slots. */
static struct frame_list *slot_of(const struct frame_generation *generation, const uint64_t key[2])
{
	uint64_t at = (key[0] * 0x9e3779b97f4a7c15ull ^ key[1] * 0xc2b2ae3d27d4eb4full) >> 20;
	struct frame_list *list;

	do
		list = &generation->items[at++ & (generation->slots - 1)];
	while (list->frames && (list->key[0] != key[0] || list->key[1] != key[1]));
	return list;
}

static struct frame_list *find(const struct frame_generation *generation, const uint64_t key[2])
{
	struct frame_list *list = generation->slots ? slot_of(generation, key) : NULL;

	return list && list->frames && !list->moved ? list : NULL;
}

/* Room for one list more. False when out of memory. */
static bool reserve(struct frame_generation *generation)
{
	struct frame_generation larger = *generation;

	if (generation->count * 2 < generation->slots)
		return true;
	larger.slots = generation->slots ? 2 * generation->slots : 256;
	larger.items = calloc(larger.slots, sizeof(*larger.items));
	if (!larger.items)
		return false;
	for (size_t i = 0; i < generation->slots; i++) {
		if (generation->items[i].frames)
			*slot_of(&larger, generation->items[i].key) = generation->items[i];
	}
	free(generation->items);
	*generation = larger;
	return true;
}

/* The list, all but its place in the table, into the young generation. NULL when out of memory. */
static const struct frame_list *insert(struct frame_cache *cache, const struct frame_list *list)
{
	size_t bytes = 2 * sizeof(*list) + list->count * sizeof(*list->frames);
	struct frame_list *place;

	if (cache->young.bytes && cache->young.bytes + bytes > cache->limit_bytes) {
		release(&cache->old);
		cache->old = cache->young;
		cache->young = (struct frame_generation) { 0 };
	}
	if (!reserve(&cache->young))
		return NULL;
	place = slot_of(&cache->young, list->key);
	*place = *list;
	cache->young.count++;
	cache->young.bytes += bytes;
	return place;
}

const struct frame_list *frame_cache_find(struct frame_cache *cache, const uint64_t key[2])
{
	struct frame_list *found = find(&cache->young, key);
	struct frame_list taken;
	const struct frame_list *moved;

	if (found)
		return found;
	found = find(&cache->old, key);
	if (!found)
		return NULL;
	/* Before anything else: what is still the old generation's may go with it. */
	taken = *found;
	found->moved = true;
	moved = insert(cache, &taken);
	if (!moved)
		free(taken.frames);
	return moved;
}

const struct frame_list *frame_cache_add(struct frame_cache *cache, const uint64_t key[2],
                                         size_t count)
{
	const struct frame_list list = {
		.key = { key[0], key[1] },
		.frames = calloc(count, sizeof(*list.frames)),
		.count = count,
	};
	const struct frame_list *added = list.frames ? insert(cache, &list) : NULL;

	if (!added)
		free(list.frames);
	return added;
}
