/*
 * fuzz_seal.c: see fuzz_seal.h. Knows the bytes from trace_format.h alone, not from the reader under test.
 */
#include "fuzz_seal.h"

#include <stdbool.h>
#include <string.h>

#include "vmatrace/crc32c.h"
#include "vmatrace/trace_format.h"

/* first: where the first record may be. laps: their checksums hold the lap as well. */
static void seal_records(uint8_t *arena, size_t first, size_t bytes, bool laps)
{
	struct vmat_record record;

	for (size_t at = first; at + sizeof(record) <= bytes;) {
		memcpy(&record, arena + at, sizeof(record));
		if ((record.type & 0xff) != 'V' || record.bytes > bytes - at - sizeof(record)) {
			at += VMAT_RECORD_ALIGN;
			continue;
		}
		record.crc = crc32c_software(laps ? record.type ^ record.lap : record.type,
		                             arena + at + sizeof(record), record.bytes);
		memcpy(arena + at, &record, sizeof(record));
		at += sizeof(record) + (((size_t)record.bytes + VMAT_RECORD_ALIGN - 1) &
		                        ~(size_t)(VMAT_RECORD_ALIGN - 1));
	}
}

static void seal_slots(uint8_t *ring, size_t bytes, size_t stride)
{
	struct vmat_event event;
	size_t from = offsetof(struct vmat_event, time);

	if (stride < sizeof(event))
		return;
	for (size_t at = 0; at + stride <= bytes; at += stride) {
		memcpy(&event, ring + at, sizeof(event));
		if (event.stamp == 0)
			continue;
		event.crc = crc32c_software((uint32_t)(event.stamp - 1), ring + at + from,
		                            offsetof(struct vmat_event, crc) - from);
		memcpy(ring + at, &event, sizeof(event));
	}
}

void fuzz_seal(uint8_t *data, size_t size)
{
	struct vmat_header header;
	bool laps;

	if (size < sizeof(header) || size < VMAT_HEADER_BYTES)
		return;
	memcpy(&header, data, sizeof(header));
	laps = header.feature_incompat & VMAT_FEATURE_LAPS;
	for (uint32_t i = 0; i < VMAT_SECTION_LIMIT && i < header.section_count; i++) {
		const struct vmat_section *section = &header.section[i];
		size_t bytes;

		if (section->offset < VMAT_HEADER_BYTES || section->offset >= size)
			continue;
		bytes = size - section->offset;
		if (bytes > section->length)
			bytes = section->length;
		if (section->type == VMAT_SECTION_ARENA)
			seal_records(data + section->offset, VMAT_RECORD_ALIGN, bytes, laps);
		else if (section->type == VMAT_SECTION_MODULES)
			seal_records(data + section->offset, 0, bytes, laps);
		else if (section->type == VMAT_SECTION_RING)
			seal_slots(data + section->offset, bytes, section->entry_bytes);
	}
	header.crc = 0;
	memcpy(data, &header, sizeof(header));
	header.crc = crc32c_software(0, data, VMAT_HEADER_BYTES);
	memcpy(data + offsetof(struct vmat_header, crc), &header.crc, sizeof(header.crc));
}
