/*
 * event.h: one recorded call as the core sees it: decoded, clocks turned into nanoseconds, ids resolved.
 * Made by io/trace_reader (or by a test); the core never looks at bytes of a file.
 *
 * Ownership: every pointer is borrowed from whoever made the event and lives as long as that does.
 */
#ifndef VMATRACE_CORE_EVENT_H
#define VMATRACE_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmatrace/call.h"

/* One row of /proc/PID/maps, or of what the model believes it to be. Bytes; ranges half-open. */
struct vma_row {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* into the file; 0 where there is none */
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint8_t prot;     /* PROT_READ 1 | PROT_WRITE 2 | PROT_EXEC 4 */
	bool shared;      /* the fourth letter is 's' */
	const char *name; /* "" if nameless; as maps prints it, escapes included */
};

/* Sequence numbers that no slot has: a call in flight, an implicit change. Never met by a real one. */
#define SEQ_IN_FLIGHT (1ull << 47) /* + its number among those in flight */
#define SEQ_IMPLICIT (1ull << 48)  /* + (snapshot number << 24) + its number in that snapshot */

/* `exit` of a call that never returned. */
#define EXIT_NEVER UINT64_MAX

struct event {
	uint64_t seq;     /* unique in the trace */
	uint64_t enter;   /* ring head just before the call */
	uint64_t exit;    /* its slot, drawn just after; == seq but for the two kinds above */
	uint64_t time_ns; /* of the call's begin, since the start of the trace */
	uint64_t duration_ns;
	uint64_t args[6]; /* words in the order of calls.def */
	uint64_t result;
	uint64_t caller; /* return address of the call, 0 unknown */
	uint32_t tid;
	uint32_t stack; /* for trace_stack(); 0 none */
	uint16_t call;  /* enum call_id; may be one this version does not know */
	uint16_t flags; /* enum vmat_event_flag */
	int error;      /* errno, 0 success */
	uint8_t via;    /* enum vmat_via */
	bool failed;
	bool in_flight; /* never seen to end: result and duration_ns mean nothing, nor does exit unless `left` */
	bool left; /* ... for it was left by a jump before `exit`: it stands where it was found out */
	bool racy; /* set by order: overlaps another thread's call on the same pages */

	/* The text argument, or the path of the mapped file; NULL if there is none. */
	const char *text;
	/* The mapped file's identity; valid if has_object. */
	bool has_object;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	/* Rows of the kernel's list that touch the call's range, read just after it. */
	bool has_rows;
	const struct vma_row *rows;
	size_t row_count;
};

/* The kernel's own list at one moment. Not atomic: see trace_format.h struct vmat_snapshot. */
struct snapshot {
	uint32_t id;
	uint32_t reason; /* enum vmat_snapshot_reason */
	uint32_t tid;    /* of the thread that read it */
	uint64_t begin;  /* ring head before the read */
	uint64_t end;    /* and after it */
	uint64_t time_ns;
	uint64_t brk; /* 0 unknown */
	const struct vma_row
		*rows; /* in address order, as read; rows may overlap (Linux >= 6.17) */
	size_t row_count;
};

/*
 * Where events come from, in the order of seq. next() fills *event and returns true, or returns false at
 * the end; the event's pointers live until the source's owner is released.
 */
struct event_source {
	bool (*next)(void *self, struct event *event);
	void *self;
};

#endif
