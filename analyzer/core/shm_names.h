/*
 * shm_names: POSIX shared memory objects by name, through all processes of a folder: which of those that
 * shm_open(O_CREAT) made were never unlinked afterwards. The object outlives its processes until then.
 *
 *     shm_open("/a", O_CREAT)   shm_unlink("/a")   shm_open("/a", O_CREAT)    -> "/a", since the second one
 *
 * unlink(2) of the file in /dev/shm is no event. Whoever meets the name later tells of it all the same:
 *
 *     "/dev/shm/a (deleted)"    a mapping of the object, in a list of the kernel's or when it is mapped
 *     "/dev/shm/a"              of another inode than the object had
 *     shm_open("/a") ENOENT     it is not there; so it is not if O_CREAT | O_EXCL makes it anew
 *
 * An object that nobody met any more after it was removed counts as never unlinked: no trace knows better.
 * "a (deleted)" is a name, too: of an object that one of the calls made or unlinked under it.
 * Two names are one object if they differ in leading slashes only (shm_open(3)).
 * Owner: the caller; zeroed is empty. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_SHM_NAMES_H
#define VMATRACE_CORE_SHM_NAMES_H

#include "event.h"
#include "number_table.h"

enum shm_act {
	SHM_MADE,
	SHM_UNLINKED,
	SHM_MISSED, /* asked for, and not there */
	SHM_SEEN,   /* mapped, under its name */
	SHM_SEEN_DELETED,
};

struct shm_name {
	char *name;       /* without its leading slashes */
	uint64_t when_ns; /* on a clock that all processes share */
	size_t order;     /* of those of one moment */
	enum shm_act act;
	uint64_t device; /* SHM_SEEN, SHM_SEEN_DELETED; after _finish: where its object was seen */
	uint64_t inode;  /* 0: it was never seen */
	bool exclusive;  /* O_EXCL: it was certainly made here, not only opened */
	uint32_t mode;
	uint32_t pid;
	uint64_t seq;
	bool removed; /* after _finish: in another way than by a shm_unlink that was seen */
	/* The caller's: */
	size_t tag;
	bool of_this_boot; /* made on this machine, since it was booted last */
	bool gone_now; /* of this boot and this /dev/shm, where no object has the name any more */
};

struct shm_names {
	struct shm_name *items;
	size_t count;
	size_t capacity;
	struct number_table met; /* what says nothing new until a name is made or unlinked again */
	struct number_table
		known; /* the names of calls; and objects by the name they were seen under */
	struct number_table sighted; /* in _finish */
	uint64_t changes;
};

/* False: shm_names_see() would make nothing of it. */
bool shm_names_wants(const struct event *event);
/* Looks at one event. *kept: NULL, or the call, if it made an object: for the tag. */
bool shm_names_see(struct shm_names *names, const struct event *event, uint64_t start_ns,
                   uint32_t pid, struct shm_name **kept);
/* At one of the kernel's lists. */
bool shm_names_look(struct shm_names *names, const struct snapshot *snapshot, uint64_t start_ns);
/*
 * Once, at the end: leaves only the calls that made what was never unlinked, in order of name; `removed` are those that
 * are gone all the same.
 */
bool shm_names_finish(struct shm_names *names);
void shm_names_release(struct shm_names *names);

#endif
