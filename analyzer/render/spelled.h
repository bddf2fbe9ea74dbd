/*
 * spelled: texts that are spelled once and then copied, or referred to. A trace has ten million events of ten
 * thousand stacks, and to spell a stack takes far longer than all else that is told of an event.
 *
 *     stack (symbols_key())  ->  [{"pc":"0x...","module":...}, ...]
 *                            ->  "main (map.c:12)", its call site
 *
 * A key means the same until spelled_reset(). What is kept is bounded: when there is no more room, all of it is
 * given up and begun anew. Room is 32 MiB, and as much again as the trace is said to have, up to 128 MiB: a trace of a
 * megabyte can name stacks that are gigabytes of text, and what a reader takes must be in proportion to the file.
 * Owner: the caller. Fails: NULL when out of memory; the caller then spells without keeping.
 */
#ifndef VMATRACE_RENDER_SPELLED_H
#define VMATRACE_RENDER_SPELLED_H

#include "writer.h"

struct spelled_text {
	uint64_t key; /* 0: a free slot */
	unsigned variant;
	size_t bytes;
	char *text; /* and a NUL */
};

struct spelled_chunk;

struct spelled {
	struct spelled_text *texts; /* open addressing, at most half of them taken */
	/* What they say, one behind the other: each lies in a few lines of the cache, all in few pages. */
	struct spelled_chunk *chunks;
	size_t slots; /* 0 or a power of two */
	size_t count;
	size_t bytes; /* of all of them */
	size_t most_bytes;
	/* Refers to texts: it is flushed before they are given up. */
	struct writer *writer;
};

void spelled_init(struct spelled *spelled, struct writer *writer);
/* The trace that the next texts are of has so many bytes of events. */
void spelled_allow(struct spelled *spelled, uint64_t event_bytes);
/* Gives up all texts. */
void spelled_reset(struct spelled *spelled);

/* key: not 0. variant: one key may have several texts. NULL: not spelled yet. */
const struct spelled_text *spelled_find(const struct spelled *spelled, uint64_t key,
                                        unsigned variant);
/* It will be asked for: its slot is fetched meanwhile, and then, `soon`, the beginning of its text. */
void spelled_foresee(const struct spelled *spelled, uint64_t key, unsigned variant, bool soon);
/* A copy of the text, which find did not find. It lives until the next add. */
const struct spelled_text *spelled_add(struct spelled *spelled, uint64_t key, unsigned variant,
                                       const char *text, size_t bytes);

#endif
