/*
 * shm_names: POSIX shared memory objects by name, through all processes of a folder: which of those that
 * shm_open(O_CREAT) made were never unlinked afterwards. The object outlives its processes until then.
 *
 *     shm_open("/a", O_CREAT)   shm_unlink("/a")   shm_open("/a", O_CREAT)    -> "/a", since the second one
 *
 * Two names are one object if they differ in leading slashes only (shm_open(3)).
 * Owner: the caller; zeroed is empty. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_SHM_NAMES_H
#define VMATRACE_CORE_SHM_NAMES_H

#include "event.h"

struct shm_name {
	char *name;       /* without its leading slashes */
	uint64_t when_ns; /* on a clock that all processes share */
	bool unlinks;
	bool exclusive; /* O_EXCL: it was certainly made here, not only opened */
	uint32_t mode;
	uint32_t pid;
	uint64_t seq;
	/* The caller's: */
	size_t tag;
	bool of_this_boot; /* made on this machine, since it was booted last */
	bool gone_now;     /* of this boot, and there is no object of the name any more */
};

struct shm_names {
	struct shm_name *items;
	size_t count;
	size_t capacity;
};

/* Looks at one event: a call that made or unlinked an object is kept. *kept says so, for the tag. */
bool shm_names_see(struct shm_names *names, const struct event *event, uint64_t start_ns,
                   uint32_t pid, struct shm_name **kept);
/* Once, at the end: leaves only the calls that made what was never unlinked, in order of name. */
void shm_names_finish(struct shm_names *names);
void shm_names_release(struct shm_names *names);

#endif
