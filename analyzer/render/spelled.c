/*
 * spelled.c: see spelled.h.
 */
#include "spelled.h"

#include <stdlib.h>

/* Of texts: ten thousand stacks of 24 frames are 46 MiB of JSON. */
enum { MOST_BYTES = 128 << 20, LEAST_BYTES = 32 << 20, LEAST_SLOTS = 256, CHUNK_BYTES = 64 << 10 };

struct spelled_chunk {
	struct spelled_chunk *next;
	size_t room;
	size_t used;
	char text[];
};

void spelled_init(struct spelled *spelled, struct writer *writer)
{
	*spelled = (struct spelled) { .writer = writer, .most_bytes = LEAST_BYTES };
}

void spelled_allow(struct spelled *spelled, uint64_t event_bytes)
{
	spelled->most_bytes = event_bytes < MOST_BYTES - LEAST_BYTES
	                              ? LEAST_BYTES + (size_t)event_bytes
	                              : MOST_BYTES;
}

void spelled_reset(struct spelled *spelled)
{
	size_t most_bytes = spelled->most_bytes;

	writer_flush(spelled->writer);
	while (spelled->chunks) {
		struct spelled_chunk *chunk = spelled->chunks;

		spelled->chunks = chunk->next;
		free(chunk);
	}
	free(spelled->texts);
	spelled_init(spelled, spelled->writer);
	spelled->most_bytes = most_bytes;
}

static uint64_t hash_of(uint64_t key, unsigned variant)
{
	return (key ^ variant) * 0x9e3779b97f4a7c15ull >> 20;
}

/* The slot of the key, or the free one where it belongs. */
static struct spelled_text *slot_of(struct spelled_text *texts, size_t slots, uint64_t key,
                                    unsigned variant)
{
	uint64_t at = hash_of(key, variant);

	while (texts[at & (slots - 1)].key &&
	       (texts[at & (slots - 1)].key != key || texts[at & (slots - 1)].variant != variant))
		at++;
	return &texts[at & (slots - 1)];
}

const struct spelled_text *spelled_find(const struct spelled *spelled, uint64_t key,
                                        unsigned variant)
{
	const struct spelled_text *found;

	if (!spelled->slots)
		return NULL;
	found = slot_of(spelled->texts, spelled->slots, key, variant);
	return found->key ? found : NULL;
}

void spelled_foresee(const struct spelled *spelled, uint64_t key, unsigned variant, bool soon)
{
	const struct spelled_text *text;

	if (!spelled->slots)
		return;
	if (!soon) {
		__builtin_prefetch(&spelled->texts[hash_of(key, variant) & (spelled->slots - 1)]);
		return;
	}
	text = spelled_find(spelled, key, variant);
	if (text)
		__builtin_prefetch(text->text);
}

static bool grow(struct spelled *spelled)
{
	size_t slots = spelled->slots ? 2 * spelled->slots : LEAST_SLOTS;
	struct spelled_text *texts = calloc(slots, sizeof(*texts));

	if (!texts)
		return false;
	for (size_t i = 0; i < spelled->slots; i++) {
		const struct spelled_text *text = &spelled->texts[i];

		if (text->key)
			*slot_of(texts, slots, text->key, text->variant) = *text;
	}
	free(spelled->texts);
	spelled->texts = texts;
	spelled->slots = slots;
	return true;
}

/* NULL: out of memory. */
static char *place_for(struct spelled *spelled, size_t bytes)
{
	struct spelled_chunk *chunk = spelled->chunks;

	if (!chunk || chunk->room - chunk->used < bytes) {
		size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct spelled_chunk) { .next = spelled->chunks, .room = room };
		spelled->chunks = chunk;
	}
	chunk->used += bytes;
	return chunk->text + chunk->used - bytes;
}

const struct spelled_text *spelled_add(struct spelled *spelled, uint64_t key, unsigned variant,
                                       const char *text, size_t bytes)
{
	struct spelled_text *slot;
	char *copy;

	if (spelled->bytes + spelled->slots * sizeof(*slot) + bytes > spelled->most_bytes)
		spelled_reset(spelled);
	if (2 * spelled->count >= spelled->slots && !grow(spelled))
		return NULL;
	copy = place_for(spelled, bytes + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	slot = slot_of(spelled->texts, spelled->slots, key, variant);
	*slot = (struct spelled_text) { key, variant, bytes, copy };
	spelled->count++;
	spelled->bytes += bytes;
	return slot;
}
