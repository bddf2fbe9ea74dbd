/*
 * piece_pool: see the header.
 */
#include "piece_pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLABS_GROWN = 7, /* smaller ones, each twice the one before */
	PIECE_ALIGNMENT = 64,
};

_Static_assert(SLAB_FIRST_BYTES << SLABS_GROWN == SLAB_BYTES, "they grow to a huge page");

static bool add_slab(struct piece_pool *pool)
{
	size_t bytes = pool->slab_count < SLABS_GROWN ? (size_t)SLAB_FIRST_BYTES << pool->slab_count
	                                              : SLAB_BYTES;
	void **slabs = reallocarray(pool->slabs, pool->slab_count + 1, sizeof(*slabs));
	void *slab;

	if (!slabs)
		return false;
	pool->slabs = slabs;
	slab = aligned_alloc(bytes == SLAB_BYTES ? SLAB_BYTES : PIECE_ALIGNMENT, bytes);
	if (!slab)
		return false;
	if (bytes == SLAB_BYTES && pool->advise)
		pool->advise(slab, bytes);
	pool->slabs[pool->slab_count++] = slab;
	pool->unused = slab;
	pool->unused_bytes = bytes;
	return true;
}

void *piece_pool_take(struct piece_pool *pool)
{
	void *piece = pool->free;

	if (piece) {
		memcpy(&pool->free, piece, sizeof(pool->free));
		return piece;
	}
	if (pool->unused_bytes < pool->piece && !add_slab(pool))
		return NULL;
	piece = pool->unused;
	pool->unused += pool->piece;
	pool->unused_bytes -= pool->piece;
	return piece;
}

void piece_pool_give(struct piece_pool *pool, void *piece)
{
	memcpy(piece, &pool->free, sizeof(pool->free));
	pool->free = piece;
}

void piece_pool_free(struct piece_pool *pool)
{
	for (size_t i = 0; i < pool->slab_count; i++)
		free(pool->slabs[i]);
	free(pool->slabs);
}
