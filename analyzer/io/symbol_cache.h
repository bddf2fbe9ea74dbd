/*
 * symbol_cache: what addresses of one object were called in earlier runs, kept by build-id, so that a second
 * report reads no DWARF.
 *
 * A cache is of one build-id, of the very files that the names came from (their sizes and times: a debug
 * package that is installed later counts), and of this version of vmatrace. A file that is damaged in any way is as good as none,
 * and is replaced. Objects without a build-id are not kept.
 *
 * NULL is a cache that knows nothing and keeps nothing: all functions take it.
 */
#ifndef VMATRACE_IO_SYMBOL_CACHE_H
#define VMATRACE_IO_SYMBOL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "symbol_files.h"

struct symbol_cache;

/* room: bytes that this cache and others may yet take; it must outlive the cache. */
struct symbol_cache *symbol_cache_open(const struct symbol_files *files, const uint8_t *build_id,
                                       size_t build_id_bytes, size_t *room);
/* Writes down what is new. What was found in it dies with it. */
void symbol_cache_close(struct symbol_cache *cache);

/* How many frames the address has, 0: not known, neither from earlier runs nor from this one. */
size_t symbol_cache_find(const struct symbol_cache *cache, uint64_t address,
                         struct image_frame frames[IMAGE_FRAME_LIMIT]);

/*
 * Names and paths must live until symbol_cache_close(). The address must not be known yet. Where there is no room
 * it is not kept, no more.
 */
void symbol_cache_add(struct symbol_cache *cache, uint64_t address,
                      const struct image_frame *frames, size_t count);

#endif
