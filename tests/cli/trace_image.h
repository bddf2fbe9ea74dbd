/*
 * trace_image: a trace as bytes in memory, made from trace_format.h without a recorder. What make_trace
 * writes; each kind of trace is a few calls.
 *
 * Everything in it is fixed (no clock, no pid of a living process, no file that exists), so that its text can
 * be compared. Times are nanoseconds; event number n begins at n milliseconds.
 */
#ifndef VMATRACE_TESTS_CLI_TRACE_IMAGE_H
#define VMATRACE_TESTS_CLI_TRACE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "vmatrace/call.h"
#include "vmatrace/trace_format.h"

enum {
	SLOTS_LIMIT = 64,
	IN_FLIGHT_ENTRIES = 4,
	CONTROL_AT = VMAT_HEADER_BYTES,
	IN_FLIGHT_AT = CONTROL_AT + 4096,
	ARENA_AT = IN_FLIGHT_AT + IN_FLIGHT_ENTRIES * VMAT_IN_FLIGHT_BYTES,
	ARENA_BYTES = 16384,
	RING_AT = ARENA_AT + ARENA_BYTES,
	FILE_BYTES = RING_AT + SLOTS_LIMIT * VMAT_SLOT_BYTES,
	PAGE = 4096,
	PID = 4711,
	MODULE_AT = 0x400000,
	ANY_PC = MODULE_AT + 0x1234,
};

/* 2^32: clear of all that the base maps. */
#define AREA 0x100000000ull

struct image {
	union {
		uint8_t bytes[FILE_BYTES];
		struct vmat_header header;
	};
	uint32_t stack; /* ids of records that events refer to */
	uint32_t object;
	uint32_t shm_name;
	uint32_t snapshots;
};

#define ARGS(...) ((const uint64_t[VMAT_ARGUMENT_WORDS]) { __VA_ARGS__ })

#define BASE_ROWS                                                                                  \
	"00400000-00402000 r-xp 00000000 103:01 77                               /nowhere/app\n"
#define STACK_ROW                                                                                  \
	"7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]\n"

struct vmat_control *image_control(struct image *image);
struct vmat_event *image_slot(struct image *image, uint64_t seq);
uint32_t image_add_record(struct image *image, uint32_t type, const void *payload, size_t bytes,
                          uint32_t count);
uint32_t image_add_struct_and_text(struct image *image, uint32_t type, const void *data,
                                   size_t bytes, const char *text);
void image_add_snapshot(struct image *image, uint32_t reason, uint64_t head, const char *text);
void image_store(struct image *image, uint64_t seq, struct vmat_event event);
uint64_t image_add_event(struct image *image, uint16_t call, const uint64_t *args, uint64_t result,
                         int error, uint32_t object);
void image_map(struct image *image, uint64_t page, uint64_t pages);
void image_unmap(struct image *image, uint64_t page, uint64_t pages);
void image_seal(struct image *image);
void image_begin(struct image *image, uint64_t slots);
void image_finish(struct image *image, const char *rows);

#endif
