/*
 * trace_ring.c: the slots of a trace's ring, one after the other. They are streamed in chunks: what is held is one
 * chunk, whatever the size of the ring. Stamp and checksum of a slot are looked at each time it is read, since the
 * traced process may be overwriting it.
 *
 *     ring     [ s+4 | s+5 | torn | s+3 ]        head = s + 6, four slots
 *     slots    s+3, s+4, s+5; s .. s+2 are overwritten
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "trace_parts.h"

/* Little enough to be in the processor's cache still when its slots are looked at. */
enum { CHUNK_BYTES = 1 << 17 };

/* What of a slot its checksum covers. */
enum {
	COVERED_FROM = offsetof(struct vmat_event, time),
	COVERED_BYTES = offsetof(struct vmat_event, crc) - COVERED_FROM,
};

/* With stop and grow the ring is never lapped; numbers beyond it were drawn in vain. */
uint64_t trace_end_seq(const struct trace *trace)
{
	if (trace->header.on_full != VMAT_OVERWRITE &&
	    trace->counts.head > trace->header.slot_count)
		return trace->header.slot_count;
	return trace->counts.head;
}

bool slots_init(struct slots *slots, const struct trace *trace, uint64_t from, uint64_t end)
{
	*slots = (struct slots) { .trace = trace, .seq = from, .end = end };
	slots->chunk = malloc(CHUNK_BYTES);
	slots->sums = calloc(CHUNK_BYTES / trace->header.slot_bytes, sizeof(*slots->sums));
	return slots->chunk && slots->sums;
}

void slots_release(struct slots *slots)
{
	free(slots->chunk);
	free(slots->sums);
}

static bool is_empty(const uint8_t *slot)
{
	uint64_t stamp;

	memcpy(&stamp, slot + offsetof(struct vmat_event, stamp), sizeof(stamp));
	return !stamp;
}

/* How many of the slots from there on are whole in a hole of the file, or behind its end. */
static uint64_t slots_in_hole(const struct trace *trace, uint64_t from, uint64_t limit)
{
	off_t data = lseek(trace->fd, (off_t)from, SEEK_DATA);
	uint64_t count = 0;

	if (data < 0 && errno == ENXIO)
		count = limit;
	else if (data > 0 && (uint64_t)data > from)
		count = ((uint64_t)data - from) / trace->header.slot_bytes;
	return count < limit ? count : limit;
}

/*
 * Fills the chunk with the slots from `seq` on. False: the file could not be read. Behind the file's end, and
 * in its holes, slots read 0; *empty of them are known to be so without reading them.
 */
static bool fill_chunk(struct slots *slots, uint64_t seq, uint64_t *empty)
{
	const struct trace *trace = slots->trace;
	uint64_t stride = trace->header.slot_bytes;
	uint64_t index = seq & (trace->header.slot_count - 1);
	uint64_t left = trace->header.slot_count - index;
	uint64_t from = trace->ring_at.offset + index * stride;
	uint64_t count;
	ssize_t n;

	if (left > slots->end - seq)
		left = slots->end - seq;
	*empty = 0;
	count = CHUNK_BYTES / stride < left ? CHUNK_BYTES / stride : left;
	n = trace_read_at(trace->fd, slots->chunk, count * stride, from);
	if (n < 0) {
		slots->error = errno;
		return false;
	}
	memset(slots->chunk + n, 0, count * stride - (size_t)n);
	if (is_empty(slots->chunk)) {
		*empty = slots_in_hole(trace, from, left);
		if (*empty)
			return true;
	}
	checksum_each((uint32_t)seq, slots->chunk + COVERED_FROM, stride, COVERED_BYTES, count,
	              slots->sums);
	slots->at = slots->chunk;
	slots->sum = slots->sums;
	slots->left = count;
	return true;
}

const struct vmat_event *slots_here(struct slots *slots)
{
	while (!slots->left && slots->seq < slots->end) {
		uint64_t empty;

		if (!fill_chunk(slots, slots->seq, &empty))
			return NULL;
		slots->seq += empty;
		slots->empty += empty;
	}
	/* The stride is a multiple of 8 and the chunk comes from malloc: well aligned. */
	return slots->left ? (const struct vmat_event *)(const void *)slots->at : NULL;
}

bool slots_valid(const struct slots *slots, const struct vmat_event *slot)
{
	return slot->stamp == slots->seq + 1 && *slots->sum == slot->crc;
}

void slots_next(struct slots *slots)
{
	slots->seq++;
	slots->sum++;
	slots->at += slots->trace->header.slot_bytes;
	slots->left--;
}

bool trace_slot_at(const struct trace *trace, uint64_t seq, struct vmat_event *slot)
{
	uint64_t index = seq & (trace->header.slot_count - 1);
	ssize_t n;

	if (seq < trace->counts.first_seq || seq >= trace_end_seq(trace))
		return false;
	n = trace_read_at(trace->fd, slot, sizeof(*slot),
	                  trace->ring_at.offset + index * trace->header.slot_bytes);
	return n == (ssize_t)sizeof(*slot) && slot->stamp == seq + 1 &&
	       checksum((uint32_t)seq, (const uint8_t *)slot + COVERED_FROM, COVERED_BYTES) ==
	               slot->crc;
}
