/*
 * event_bytes: see the header.
 */
#include "event_bytes.h"

#include <stdlib.h>

enum { CHUNK = 1 << EVENT_BYTES_CHUNK_BITS };

static uint64_t chunk_count(const struct event_bytes *bytes)
{
	return (bytes->slots + CHUNK - 1) / CHUNK;
}

bool event_bytes_init(struct event_bytes *bytes, const struct trace *trace)
{
	const struct trace_counts *counts = trace_counts(trace);
	const struct vmat_header *header = trace_header(trace);
	uint64_t in_file = trace_file_bytes(trace) / header->slot_bytes + 1;

	*bytes = (struct event_bytes) {
		.first = counts->first_seq,
		.seqs = counts->end_seq - counts->first_seq,
		.mask = header->slot_count - 1,
		.slots = header->slot_count < in_file ? header->slot_count : in_file,
	};
	bytes->chunks = calloc(chunk_count(bytes) + 1, sizeof(*bytes->chunks));
	if (!bytes->chunks)
		bytes->slots = 0;
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
	uint64_t slot = seq & bytes->mask;
	uint8_t *chunk;

	if (seq - bytes->first >= bytes->seqs || slot >= bytes->slots)
		return true;
	chunk = bytes->chunks[slot / CHUNK];
	if (!chunk) {
		chunk = calloc(1, CHUNK);
		if (!chunk)
			return false;
		bytes->chunks[slot / CHUNK] = chunk;
	}
	chunk[slot % CHUNK] = value;
	return true;
}
