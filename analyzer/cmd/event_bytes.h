/*
 * event_bytes: a byte for each event of a ring, 0 until it is set. Room is taken for 65,536 events at a time, where
 * the first of them is set: what is rare takes little, and a ring that claims to be endless takes no more.
 *
 * One thread sets. Another may read what was set before, if the two agree on when that was.
 * Owner: the caller; event_bytes_release() frees the contents; all 0 is one of no events.
 */
#ifndef VMATRACE_CMD_EVENT_BYTES_H
#define VMATRACE_CMD_EVENT_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "io/trace_reader.h"

enum { EVENT_BYTES_CHUNK_BITS = 16 };

struct event_bytes {
	uint64_t first; /* seq of the oldest that the ring can hold */
	uint64_t seqs;  /* so many from there on */
	uint64_t mask;  /* of a seq: its slot in the ring */
	uint64_t slots; /* that the file has, whatever its header says */
	uint8_t *_Atomic *chunks;
};

/* For the events that the trace holds. False: out of memory. */
bool event_bytes_init(struct event_bytes *bytes, const struct trace *trace);
void event_bytes_release(struct event_bytes *bytes);

/* Of what is no event of the ring nothing is kept. False: out of memory. */
bool event_bytes_set(struct event_bytes *bytes, uint64_t seq, uint8_t value);

static inline uint8_t event_bytes_get(const struct event_bytes *bytes, uint64_t seq)
{
	uint64_t slot = seq & bytes->mask;
	const uint8_t *chunk = seq - bytes->first < bytes->seqs && slot < bytes->slots
	                               ? bytes->chunks[slot >> EVENT_BYTES_CHUNK_BITS]
	                               : NULL;

	return chunk ? chunk[slot & ((1u << EVENT_BYTES_CHUNK_BITS) - 1)] : 0;
}

/* It will be asked for soon, by the thread that sets: it is fetched meanwhile. */
static inline void event_bytes_foresee(const struct event_bytes *bytes, uint64_t seq)
{
	uint64_t slot = seq & bytes->mask;
	const uint8_t *chunk = seq - bytes->first < bytes->seqs && slot < bytes->slots
	                               ? bytes->chunks[slot >> EVENT_BYTES_CHUNK_BITS]
	                               : NULL;

	if (chunk)
		__builtin_prefetch(&chunk[slot & ((1u << EVENT_BYTES_CHUNK_BITS) - 1)]);
}

#endif
