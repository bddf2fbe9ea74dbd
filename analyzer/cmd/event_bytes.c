/*
 * event_bytes: see the header.
 */
#include "event_bytes.h"

#include <stdlib.h>

enum { CHUNK = 1 << EVENT_BYTES_CHUNK_BITS };

static uint64_t chunk_count(const struct event_bytes *bytes)
{
	return (bytes->count + CHUNK - 1) / CHUNK;
}

bool event_bytes_init(struct event_bytes *bytes, const struct trace_counts *counts)
{
	*bytes = (struct event_bytes) {
		.first = counts->first_seq,
		.count = counts->end_seq - counts->first_seq,
	};
	bytes->chunks = calloc(chunk_count(bytes) + 1, sizeof(*bytes->chunks));
	if (!bytes->chunks)
		bytes->count = 0;
	return bytes->chunks != NULL;
}

void event_bytes_release(struct event_bytes *bytes)
{
	for (uint64_t i = 0; i < chunk_count(bytes); i++)
		free(bytes->chunks[i]);
	free(bytes->chunks);
	*bytes = (struct event_bytes) { 0 };
}

bool event_bytes_set(struct event_bytes *bytes, uint64_t seq, uint8_t value)
{
	uint64_t at = seq - bytes->first;
	uint8_t *chunk;

	if (at >= bytes->count)
		return true;
	chunk = bytes->chunks[at / CHUNK];
	if (!chunk) {
		chunk = calloc(1, CHUNK);
		if (!chunk)
			return false;
		bytes->chunks[at / CHUNK] = chunk;
	}
	chunk[at % CHUNK] = value;
	return true;
}
