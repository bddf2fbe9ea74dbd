/*
 * words: copies to and from memory that another thread may be writing over: a slot or a record whose writer
 * was overtaken by a lap. What such a race leaves is found out by lap, stamp and checksum; the copies are of
 * atomic words so that the compiler, too, knows of it.
 */
#ifndef VMATRACE_PRELOAD_WORDS_H
#define VMATRACE_PRELOAD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t words_take(const uint8_t *from, size_t bytes)
{
	uint64_t word = 0;

	__builtin_memcpy(&word, from, bytes);
	return word;
}

/* to: aligned to 8 bytes; what is behind the end, up to 7 bytes, becomes 0. */
static inline void words_store(void *to, const void *from, size_t bytes)
{
	const uint8_t *source = from;
	uint64_t *word = to;

	for (; bytes >= sizeof(*word); bytes -= sizeof(*word), source += sizeof(*word))
		__atomic_store_n(word++, words_take(source, sizeof(*word)), __ATOMIC_RELAXED);
	if (bytes)
		__atomic_store_n(word, words_take(source, bytes), __ATOMIC_RELAXED);
}

/* from: aligned to 8 bytes; up to 7 bytes behind the end are read. */
static inline void words_load(void *to, const void *from, size_t bytes)
{
	uint8_t *target = to;
	const uint64_t *word = from;

	for (; bytes; word++) {
		uint64_t here = __atomic_load_n(word, __ATOMIC_RELAXED);
		size_t take = bytes < sizeof(here) ? bytes : sizeof(here);

		__builtin_memcpy(target, &here, take);
		target += take;
		bytes -= take;
	}
}

/* True if the same was stored there. */
static inline bool words_equal(const void *stored, const void *bytes_there, size_t bytes)
{
	const uint8_t *other = bytes_there;
	const uint64_t *word = stored;
	uint64_t differ = 0;

	for (; bytes >= sizeof(*word); bytes -= sizeof(*word), other += sizeof(*word))
		differ |= __atomic_load_n(word++, __ATOMIC_RELAXED) ^
		          words_take(other, sizeof(*word));
	if (bytes)
		differ |= __atomic_load_n(word, __ATOMIC_RELAXED) ^ words_take(other, bytes);
	return !differ;
}

static inline void words_clear(void *at, size_t bytes)
{
	uint64_t *word = at;

	for (; bytes; bytes -= bytes < sizeof(*word) ? bytes : sizeof(*word))
		__atomic_store_n(word++, 0, __ATOMIC_RELAXED);
}

#endif
