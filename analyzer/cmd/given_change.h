/*
 * given_change: one change on its way from the walk to whoever works behind it (relay.h), with no more of its event than
 * is asked for there: of 10^7 of them, each written by one processor and read by another, every line of the cache counts.
 * What of the event is not here is 0 behind the walk.
 */
#ifndef VMATRACE_CMD_GIVEN_CHANGE_H
#define VMATRACE_CMD_GIVEN_CHANGE_H

#include "core/kinds.h"
#include "core/walk.h"

enum { GIVEN_ARGS = 2, GIVEN_BYTES = 128 };

struct given_change {
	uint64_t start;
	uint64_t end;
	uint64_t old_start;
	uint64_t made_by;
	const char *name; /* the walk's */
	const struct snapshot *since;
	uint64_t mapped_bytes;
	uint64_t vma_count;
	uint64_t seq;
	uint64_t time_ns;
	uint64_t caller;
	uint64_t args[GIVEN_ARGS];
	uint32_t tid;
	uint32_t stack;
	uint16_t call;
	uint16_t flags;
	uint8_t kind; /* enum change_kind */
	uint8_t cause;
	uint8_t vma_kind; /* KIND_COUNT: to be found out */
	uint8_t prot_before;
	uint8_t prot_after;
	uint8_t bits;
};

_Static_assert(sizeof(struct given_change) == GIVEN_BYTES, "as many as two lines of the cache");
_Static_assert(KIND_COUNT <= UINT8_MAX && CHANGE_COUNT <= UINT8_MAX && CAUSE_COUNT <= UINT8_MAX,
               "they are kept in bytes");

/* Of given_change.bits. */
enum {
	GIVEN_OWNS_NAME = 1,
	GIVEN_MAPPED_BEFORE = 2,
	GIVEN_MAPPED_AFTER = 4,
	GIVEN_SHARED = 8,
	GIVEN_FAILED = 16,
	GIVEN_IN_FLIGHT = 32,
	GIVEN_LEFT = 64,
	GIVEN_LOADED = 128,
};

/* kind: KIND_COUNT: it is to be found out. owns_name: whoever takes it frees the name. */
void given_change_pack(struct given_change *given, const struct vma_change *change,
                       enum vma_kind kind, bool owns_name);
/* The change's event is *event. */
void given_change_unpack(const struct given_change *given, struct vma_change *change,
                         struct event *event);

#endif
