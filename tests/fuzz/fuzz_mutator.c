/*
 * fuzz_mutator.c: how libFuzzer changes a trace. Most bytes of a trace are zero or text, and every checksum
 * stands in the way: half of the changes are words of the format's structures, set to what hurts, and the
 * checksums are made to hold again nine times out of ten.
 */
#include <string.h>

#include "fuzz_seal.h"
#include "vmatrace/trace_format.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

/* xorshift (Marsaglia 2003): any sequence does. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t hurtful(uint64_t *state)
{
	static const uint64_t words[] = {
		0,          1,          2,           15,          16,
		4096,       4095,       127,         128,         65536,
		INT32_MAX,  UINT32_MAX, INT64_MAX,   UINT64_MAX,  1ull << 47,
		1ull << 63, 1ull << 62, 0x100000000, 0x100001000, 0x7fff00000000,
	};
	uint64_t word = words[next(state) % (sizeof(words) / sizeof(words[0]))];

	return word + (next(state) % 4 == 0 ? next(state) % 33 - 16 : 0);
}

/* A word of 2, 4 or 8 bytes somewhere in one of the first sections, or in the header's table. */
static void change_word(uint8_t *data, size_t size, uint64_t *state)
{
	size_t width = (size_t)2 << next(state) % 3;
	uint64_t word = hurtful(state);
	uint64_t from = 0, bytes = 512, at;

	if (next(state) % 4) {
		const size_t table = offsetof(struct vmat_header, section);
		struct vmat_section section;

		memcpy(&section, data + table + next(state) % 6 * sizeof(section), sizeof(section));
		from = section.offset;
		bytes = section.length;
	}
	if (from >= size)
		return;
	if (bytes > size - from)
		bytes = size - from;
	if (bytes < 16)
		return;
	at = from + next(state) % (bytes - 8) / width * width;
	memcpy(data + at, &word, width);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u | 1;

	next(&state);
	if (size < VMAT_HEADER_BYTES || next(&state) % 2) {
		size = LLVMFuzzerMutate(data, size, limit);
	} else {
		for (uint64_t changes = 1 + next(&state) % 4; changes; changes--)
			change_word(data, size, &state);
	}
	if (next(&state) % 10)
		fuzz_seal(data, size);
	return size;
}
