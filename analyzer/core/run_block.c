/*
 * run_block: see the header.
 */
#include "run_block.h"

#include <string.h>

/* Where bases are: few runs are added so far below the others of a block that it needs another. */
#define BASE_BYTES (1ull << 42)

_Static_assert(BLOCK_RUNS <= UINT8_MAX, "slots are bytes");
_Static_assert(sizeof(struct block) == 4096, "a page, as it lies in slabs of huge ones");

void block_init(struct block *block)
{
	block->base = UINT64_MAX;
	block->count = 0;
	for (size_t i = 0; i < BLOCK_RUNS; i++)
		block->slots[i] = (uint8_t)i;
	for (size_t i = 0; i < ENDS; i++)
		block->ends[i] = END_FAR;
}

static int32_t end_above(uint64_t base, uint64_t end)
{
	uint64_t pages = (end - base) >> END_SHIFT;

	return pages < END_FAR ? (int32_t)pages : END_FAR;
}

void block_set_end(struct block *block, size_t at, uint64_t end)
{
	if (end < block->base) {
		block->base = end & ~(BASE_BYTES - 1);
		for (size_t i = 0; i < block->count; i++)
			block->ends[i] = end_above(block->base, block_at(block, i)->end);
	}
	block->ends[at] = end_above(block->base, end);
}

static bool is_permutation(const uint8_t slots[BLOCK_RUNS])
{
	bool met[BLOCK_RUNS] = { false };

	for (size_t i = 0; i < BLOCK_RUNS; i++) {
		if (slots[i] >= BLOCK_RUNS || met[slots[i]])
			return false;
		met[slots[i]] = true;
	}
	return true;
}

bool block_check(const struct block *block)
{
	if (block->count > BLOCK_RUNS || !is_permutation(block->slots))
		return false;
	for (size_t i = 0; i < ENDS; i++) {
		uint64_t end = i < block->count ? block->runs[block->slots[i]].end : UINT64_MAX;

		if (i < block->count && end < block->base)
			return false;
		if (block->ends[i] != (i < block->count ? end_above(block->base, end) : END_FAR))
			return false;
	}
	return true;
}

void block_truncate(struct block *block, size_t count)
{
	for (size_t i = count; i < block->count; i++)
		block->ends[i] = END_FAR;
	block->count = (uint8_t)count;
}

void block_append(struct block *block, struct block *other, size_t from)
{
	for (size_t i = from; i < other->count; i++) {
		const struct vma_run *run = block_at(other, i);
		size_t at = block->count++;

		*block_at(block, at) = *run;
		block_set_end(block, at, run->end);
	}
}

/* What lies from [at] on moves on, into room that is there; the slots of the gap are free ones. */
static void open_gap(struct block *block, size_t at, size_t width)
{
	/* Two at most: the first and the last are all. */
	uint8_t first = block->slots[block->count];
	uint8_t last = block->slots[block->count + width - 1];

	memmove(&block->slots[at + width], &block->slots[at], block->count - at);
	block->slots[at] = first;
	block->slots[at + width - 1] = last;
	memmove(&block->ends[at + width], &block->ends[at],
	        (block->count - at) * sizeof(*block->ends));
	block->count = (uint8_t)(block->count + width);
}

/* And back. */
static void close_gap(struct block *block, size_t at, size_t width)
{
	size_t count = block->count - width;
	uint8_t freed[BLOCK_RUNS];

	memcpy(freed, &block->slots[at], width);
	memmove(&block->slots[at], &block->slots[at + width], count - at);
	memcpy(&block->slots[count], freed, width);
	memmove(&block->ends[at], &block->ends[at + width], (count - at) * sizeof(*block->ends));
	block_truncate(block, count);
}

void block_replace(struct block *block, size_t at, size_t removed, const struct vma_run *runs,
                   size_t count)
{
	if (count > removed)
		open_gap(block, at + removed, count - removed);
	else if (count < removed)
		close_gap(block, at + count, removed - count);
	for (size_t i = 0; i < count; i++)
		*block_at(block, at + i) = runs[i];
	for (size_t i = 0; i < count; i++)
		block_set_end(block, at + i, runs[i].end);
}
