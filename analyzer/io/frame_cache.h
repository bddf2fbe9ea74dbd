/*
 * frame_cache: lists of frames by key, as many as a number of bytes allows. A trace of a few megabytes can name
 * stacks whose frames would be gigabytes: what was not asked for lately is forgotten, and found out again.
 *
 *     young [ list list list -> limit )    found or added lately; full, it becomes
 *     old   [ list list list      ... )    ... the old generation, and the one before goes.
 *                                          What is found here moves to the young one.
 *
 * A list that was found or added lives until the young generation was filled once more: at least until the next
 * call, whatever that adds.
 *
 * Owner: the caller sets limit_bytes of a zeroed struct; frame_cache_release() frees the contents. Names in
 * frames are not the cache's. Fails: NULL: not there, or out of memory.
 */
#ifndef VMATRACE_IO_FRAME_CACHE_H
#define VMATRACE_IO_FRAME_CACHE_H

#include "symbols.h"

struct frame_list {
	uint64_t key[2];
	struct frame *frames;
	size_t count;
	bool moved; /* to the young generation, frames and all */
};

struct frame_generation {
	struct frame_list
		*items; /* open addressing; a power of two of slots, at most half of them taken */
	size_t slots;
	size_t count;
	size_t bytes; /* of what was added; roughly */
};

struct frame_cache {
	size_t limit_bytes; /* of one generation */
	struct frame_generation young;
	struct frame_generation old;
};

const struct frame_list *frame_cache_find(struct frame_cache *cache, const uint64_t key[2]);
/* A list of that key, which must not be there yet, with room for count (at least 1) frames, all zeroed. */
const struct frame_list *frame_cache_add(struct frame_cache *cache, const uint64_t key[2],
                                         size_t count);
void frame_cache_release(struct frame_cache *cache);

#endif
