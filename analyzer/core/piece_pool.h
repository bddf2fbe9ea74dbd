/*
 * piece_pool.h: pieces of one size, many, that are met at random. They lie in slabs, each twice as large as the one
 * before, up to what a huge page holds: 10^5 VMAs in single pages are more pages than a processor remembers the
 * places of, and each event waited for three of them (a third of the time of a replay).
 *
 *     slab  [ piece | piece | ... ]      given back: a list of free pieces, the link in the piece itself
 *
 * Slabs go when the pool goes. A zeroed pool is an empty one, but for `piece`.
 */
#ifndef VMATRACE_CORE_PIECE_POOL_H
#define VMATRACE_CORE_PIECE_POOL_H

#include <stddef.h>

enum {
	SLAB_FIRST_BYTES = 16 << 10,
	SLAB_BYTES = 2 << 20, /* a huge page of x86-64 and of most others */
};

struct piece_pool {
	size_t piece; /* bytes, a multiple of 64 */
	/* Is told of each slab of a huge page, aligned to it: the kernel may be asked for one. NULL: nobody is. */
	void (*advise)(void *memory, size_t bytes);
	void **slabs;
	size_t slab_count;
	char *unused; /* of the last slab */
	size_t unused_bytes;
	void *free;
};

/* A piece, aligned to 64 bytes, its content undefined; NULL: out of memory. */
void *piece_pool_take(struct piece_pool *pool);
void piece_pool_give(struct piece_pool *pool, void *piece);
/* All pieces with it. */
void piece_pool_free(struct piece_pool *pool);

#endif
