/*
 * depot: what events refer to by id, each stored once in the trace's arena: stacks, strings, objects.
 *
 * The index (hash -> id) is private memory, wiped in a fork child, whose own trace begins empty. Two that insert
 * at once may take the same place, and whoever meets a hash without an id yet stores its own copy: a duplicate
 * is harmless, waiting in a signal handler is not. On a hit the whole payload is compared.
 *
 * What a lap of the arena stored is written over in the next one (arena.h): an id holds for the lap it was
 * given in, and whoever keeps one keeps depot_generation() with it and asks again when that has changed.
 */
#ifndef VMATRACE_PRELOAD_DEPOT_H
#define VMATRACE_PRELOAD_DEPOT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "vmatrace/trace_format.h"

size_t depot_memory_bytes(void);
/* memory: zeroed, private, for the life of the process. */
void depot_init(void *memory);

/* Ids given under another one are stale. One load. */
static inline uint32_t depot_generation(void)
{
	return arena_lap();
}

/* Each returns a record id, 0 when the arena is full (counted). Async-signal-safe. */
/* pcs: of no use afterwards. */
uint32_t depot_stack(uint64_t *pcs, size_t count);
uint32_t depot_string(const char *string, size_t bytes);
uint32_t depot_object(const struct vmat_object *object, const char *path, size_t path_bytes);

/*
 * A record that is not looked up again: reserve, let the caller fill the payload, then finish.
 * depot_begin returns the payload or NULL; `bytes` may shrink at depot_finish, which takes the id back.
 */
void *depot_begin(size_t bytes, uint32_t *id);
void depot_finish(void *payload, uint32_t id, enum vmat_record_type type, size_t reserved,
                  size_t bytes);
/* Makes a record valid whose lap and payload are there. crc: see vmat_record. */
void depot_seal(struct vmat_record *record, enum vmat_record_type type, size_t bytes, uint32_t crc);

#endif
