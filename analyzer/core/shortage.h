/*
 * shortage: why a call found no memory. ENOMEM has half a dozen causes, and free RAM is rarely the one; the
 * kernel's rules (mm/mmap.c, mm/mprotect.c, mm/mremap.c, mm/mlock.c, Linux 6.1) held against what the replay
 * knows of the moment and the limits that were in force then.
 *
 *     VMAs       more than vm.max_map_count would be needed; the model's count is a lower bound, since the
 *                kernel also keeps apart what no row of maps shows (advice, locks, policies)
 *     RLIMIT_AS  all that is mapped, and what is asked for
 *     RLIMIT_DATA  the same of private writable memory
 *     RLIMIT_MEMLOCK  the same of locked memory (mmap fails with EAGAIN, mlock with ENOMEM)
 *     hole       mprotect, madvise, mlock: part of the range is not mapped
 *     size       larger than the address space
 *     overcommit  more than the kernel promises (mm/util.c __vm_enough_memory()): with vm.overcommit_memory 0 one
 *                request of more than RAM and swap together; with 2 all processes' promises beside CommitLimit, of
 *                which the header has those of the moment when recording began
 *     other      none of these: a cgroup, vm.max_map_count changed since
 */
#ifndef VMATRACE_CORE_SHORTAGE_H
#define VMATRACE_CORE_SHORTAGE_H

#include "event.h"
#include "vma_map.h"

enum shortage {
	SHORTAGE_NONE, /* the call did not fail for want of memory */
	SHORTAGE_VMAS,
	SHORTAGE_AS,
	SHORTAGE_DATA,
	SHORTAGE_MEMLOCK,
	SHORTAGE_HOLE,
	SHORTAGE_SIZE,
	SHORTAGE_OVERCOMMIT,
	SHORTAGE_OTHER,
	SHORTAGE_COUNT,
};

/* UINT64_MAX: unlimited; max_map_count 0: unknown. */
struct shortage_limits {
	uint64_t max_map_count;
	uint64_t as;
	uint64_t data;
	uint64_t memlock;
	enum {
		OVERCOMMIT_UNKNOWN,
		OVERCOMMIT_GUESS,
		OVERCOMMIT_ALWAYS,
		OVERCOMMIT_NEVER
	} overcommit;
	uint64_t memory; /* RAM and swap, all bytes */
	uint64_t commit_limit;
	uint64_t committed;
};

struct vmat_header;

struct shortage_limits shortage_limits_of(const struct vmat_header *header);

/* What there was when the call failed. Bytes. */
struct shortage_facts {
	uint64_t vmas;
	uint64_t mapped;
	uint64_t data;
	uint64_t locked;
	uint64_t asked; /* for more of; mprotect: to be writable that was not, and is private */
	uint64_t hole;  /* the first unmapped address of its range, 0: none */
};

/* "vmas", "rlimit-as", ... for JSON. */
const char *shortage_name(enum shortage shortage);

/* True if the call failed in a way that this can explain. */
bool shortage_is(const struct event *event);
/* map: as it was before the call. Reads all of it. */
void shortage_read(struct shortage_facts *facts, const struct vma_map *map,
                   const struct event *event);
enum shortage shortage_explain(const struct shortage_facts *facts, const struct event *event,
                               const struct shortage_limits *limits);

/*
 * When a count that grew as the second half of values (count of them, step_ns apart) did would reach limit:
 * ns after the last of them. False: it does not grow steadily.
 */
bool shortage_forecast(const uint64_t *values, size_t count, uint64_t step_ns, uint64_t limit,
                       uint64_t *ns);

#endif
