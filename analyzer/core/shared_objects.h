/*
 * shared_objects: what processes map shared with one another: POSIX and SysV shared memory, memfds, files;
 * and what each process did with each of them. Follows the walk of one process after the other; an object is
 * its device and inode, which all processes of a machine have in common.
 *
 *     shm_open, memfd_create, shm_unlink   name an object, and are put to those of that name
 *     mmap, shmat                          map it
 *     munmap, shmdt, MAP_FIXED             take of it what they meet in the map
 *     mremap                               maps what it adds, takes what it cuts off or writes over
 *
 * Shared memory without a file has an object of the kernel's all the same, whose inode the next list tells: who
 * mapped it is looked up then.
 *
 * Acts of one kind by one process from one place are one, with their number. How large an object was made is
 * in no trace: ftruncate(2) changes no address space.
 *
 * Owner: the caller; zeroed is empty, _release frees the contents. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_SHARED_OBJECTS_H
#define VMATRACE_CORE_SHARED_OBJECTS_H

#include "number_table.h"
#include "walk.h"

enum shared_act_kind {
	SHARED_CREATED, /* shm_open(O_CREAT), memfd_create */
	SHARED_OPENED,  /* shm_open without O_CREAT */
	SHARED_MAPPED,
	SHARED_UNMAPPED,
	SHARED_UNLINKED,
	SHARED_ACT_KINDS,
};

const char *shared_act_name(enum shared_act_kind kind);

struct shared_act {
	enum shared_act_kind kind;
	size_t object; /* index */
	uint32_t pid;
	uint64_t count;
	uint64_t bytes;   /* of all of them */
	uint64_t when_ns; /* of the first, on a clock that all processes share */
	struct event first;
	uint64_t last; /* seq of the last one: a call may meet several pieces of the object */
	size_t tag;    /* the caller's */
	size_t next;   /* of the acts of one hash, plus 1 */
};

/* What one process has mapped at its end. */
struct shared_holder {
	size_t object;
	uint32_t pid;
	uint64_t bytes;
	size_t next; /* as an act's */
};

struct shared_object {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	char *name;         /* as maps prints it, without " (deleted)" */
	uint64_t mapped_to; /* the highest offset that a mapping reached */
	size_t next;        /* as an act's */
	/* After _finish: its acts, by time; who holds it, in the order of the walks. */
	size_t first_act, act_count;
	size_t first_holder, holder_count;
};

struct shared_objects {
	struct shared_object *objects;
	size_t object_count;
	struct shared_act *acts;
	size_t act_count;
	struct shared_holder *holders;
	size_t holder_count;
	/* By a hash of what makes each one: the newest of that hash, plus 1. */
	struct number_table objects_by;
	struct number_table acts_by;
	struct number_table holders_by;
	/* The caller's: the event of that number of the process that is walked now, false: it did not survive. Or NULL. */
	bool (*event)(void *context, uint64_t seq, struct event *event);
	void *context;
	struct number_table told; /* calls that mapped memory without a file, by their numbers */
	/* Of the process that is walked now. */
	uint32_t pid;
	uint64_t start_ns;
	size_t first_act;
};

/* Before a process's walk. */
void shared_objects_enter(struct shared_objects *shared, uint32_t pid, uint64_t start_ns);
/* At each event, with the map as it was before it. */
bool shared_objects_before(struct shared_objects *shared, const struct walk *walk,
                           const struct event *event);
/* At the end of the walk: who holds what. */
bool shared_objects_leave(struct shared_objects *shared, const struct walk *walk);
/* Once, at the end: objects of a name get the acts on that name; acts are sorted by object and time, holders by object. */
bool shared_objects_finish(struct shared_objects *shared);
void shared_objects_release(struct shared_objects *shared);

#endif
