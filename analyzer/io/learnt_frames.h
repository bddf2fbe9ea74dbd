/*
 * learnt_frames: what addresses of one object were found to be called in this run. Thousands of addresses lie in
 * the same inlined calls, so each frame is kept once:
 *
 *     addresses  [ 0x1136: 3 ids from 0 | 0x1150: 2 ids from 3 | ... ]
 *     ids        [ 0 1 2 | 1 2 | ... ]
 *     frames     [ inner app.c:7 | outer app.c:12 | main app.c:30 | ... ]
 *
 * Owner: the caller sets room of a zeroed struct; learnt_frames_release() frees the contents. Names in frames must
 * outlive it.
 */
#ifndef VMATRACE_IO_LEARNT_FRAMES_H
#define VMATRACE_IO_LEARNT_FRAMES_H

#include "core/number_table.h"
#include "image.h"

struct learnt_address {
	uint64_t address;
	uint32_t first; /* of ids */
	uint32_t count;
};

struct learnt_frames {
	size_t *room; /* bytes that this and others may yet take */
	struct learnt_address *addresses;
	size_t address_count;
	uint32_t *ids; /* places in frames */
	size_t id_count;
	struct image_frame *frames;
	size_t frame_count;
	struct number_table by_address; /* address -> place + 1 */
	struct number_table by_frame;   /* hash of a frame -> place + 1 */
};

/* How many frames the address has, 0: not known. */
size_t learnt_frames_find(const struct learnt_frames *learnt, uint64_t address,
                          struct image_frame frames[IMAGE_FRAME_LIMIT]);
/* The address must not be known yet. Without room or out of memory it is not kept, no more. */
void learnt_frames_add(struct learnt_frames *learnt, uint64_t address,
                       const struct image_frame *frames, size_t count);
/* By address. Nothing is found or added after that. */
void learnt_frames_sort(struct learnt_frames *learnt);
void learnt_frames_release(struct learnt_frames *learnt);

#endif
