/*
 * run_block.h: one block of a run_list: up to BLOCK_RUNS runs in a page. A run stays where it lies, a cache line of
 * its own, while others come and go around it: what a change moves are ends and slots.
 *
 *     ends   [ 20 | 35 | 40 | END_FAR ... ]    in order, in pages above `base`; END_FAR behind the last and for what is too far
 *     slots  [  2 |  0 |  1 |  3 ... ]      where each run lies; behind the last those that are free
 *     runs   [ 30-35 | 35-40 | 10-20 | ... ]
 *
 * A search finds the line of the ends that an address is in, and counts those of it at or below, without a branch: five
 * cache lines that come from memory at once, and nothing to predict. What the ends are too coarse for the runs tell.
 *
 * Part of run_list, which keeps blocks in order; here they are open to it for speed. Units: bytes, but for ends.
 */
#ifndef VMATRACE_CORE_RUN_BLOCK_H
#define VMATRACE_CORE_RUN_BLOCK_H

#include "vma_map.h"

enum {
	BLOCK_RUNS = 59,       /* with all else a page */
	ENDS = BLOCK_RUNS + 1, /* a multiple of what a vector holds; the last one always END_FAR */
	LINE_BYTES = 64,       /* of the processor's cache; only speed depends on it */
	LINE_ENDS = LINE_BYTES / sizeof(int32_t),
	HEAD_BYTES = 5 * LINE_BYTES,
	END_SHIFT = 12, /* the smallest page there is; only speed depends on it */
};

#define END_FAR INT32_MAX

struct block {
	_Alignas(LINE_BYTES) int32_t ends[ENDS];
	uint64_t base;             /* at or below all ends */
	uint64_t changed;          /* the kept state that was the last when it was changed */
	uint8_t slots[BLOCK_RUNS]; /* always a permutation of all */
	uint8_t count;             /* of its runs; of one in a list 1 at least */
	_Alignas(LINE_BYTES) struct vma_run runs[BLOCK_RUNS];
};

_Static_assert(sizeof(struct vma_run) == LINE_BYTES, "a run is a line");
_Static_assert(offsetof(struct block, runs) == HEAD_BYTES, "and all else few");

static inline struct vma_run *block_at(struct block *block, size_t at)
{
	return &block->runs[block->slots[at]];
}

/* Some run will be looked at soon. Behind the last there may be another one, or nothing. */
static inline void block_fetch(const struct block *block, size_t at)
{
	if (at < BLOCK_RUNS)
		__builtin_prefetch(&block->runs[block->slots[at]], 1);
}

/* The first run that ends above address, or the count: one or the other side of it, where ends are no whole pages. */
static inline size_t block_guess(const struct block *block, uint64_t address)
{
	uint64_t pages = (address - block->base) >> END_SHIFT;
	int32_t next = pages < END_FAR ? (int32_t)pages + 1 : END_FAR; /* what is behind its page */
	int32_t below = 0;
	size_t from = 0;

	if (address < block->base)
		return 0;
	for (size_t i = LINE_ENDS; i < ENDS; i += LINE_ENDS)
		from += block->ends[i - 1] < next ? LINE_ENDS : 0;
	/* The last line has fewer: the ends before it count with them. */
	if (from > ENDS - LINE_ENDS)
		from = ENDS - LINE_ENDS;
	for (size_t i = 0; i < LINE_ENDS; i++)
		below += block->ends[from + i] < next;
	return from + (size_t)below;
}

/* The first run that ends above address, or the count. */
static inline size_t block_search(const struct block *block, uint64_t address)
{
	size_t at = block_guess(block, address);

	while (at && block->runs[block->slots[at - 1]].end > address)
		at--;
	while (at < block->count && block->ends[at] == END_FAR &&
	       block->runs[block->slots[at]].end <= address)
		at++;
	return at;
}

/* Empty. Its pages are undefined before. */
void block_init(struct block *block);
/* What is true of any block. */
bool block_check(const struct block *block);
/* The run at `at` ends elsewhere now. */
void block_set_end(struct block *block, size_t at, uint64_t end);
/* The first `count` runs stay. */
void block_truncate(struct block *block, size_t count);
/* The runs of another from number `from` on become the last ones, for which there is room. */
void block_append(struct block *block, struct block *other, size_t from);
/* runs[0 .. count), two at most, take the place of `removed` others; there is room. */
void block_replace(struct block *block, size_t at, size_t removed, const struct vma_run *runs,
                   size_t count);

#endif
