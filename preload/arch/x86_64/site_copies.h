/*
 * site_copies: the sites of libc where it is loaded once more. dlmopen() and LD_AUDIT give each namespace a
 * libc of its own, the same file at another place, which no wrapper reaches: its sites are all there is.
 *
 *     loader    mmap the object    mmap its segments    relocate, mprotect RELRO    constructors, dlmopen returns
 *     here      same first page?                        check and patch             every call is seen
 *
 * Until the constructors only the loading thread, in the loader, can reach the text: nothing runs where bytes
 * change. A copy has no table of its own: its sites lie as far from the first libc's as the copy from libc.
 * One that is left alone, wholly or in part, is counted in the trace and named (vmat_control.copy_left).
 *
 * Not seen: what goes past the sites, syscall() of such a libc with the number of a VMA call.
 */
#ifndef VMATRACE_PRELOAD_SITE_COPIES_H
#define VMATRACE_PRELOAD_SITE_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "sites.h"

struct link_map;

/* In the constructor, once libc's own sites are patched: LD_AUDIT's libcs, and what to know others by. */
void site_copies_begin(const struct link_map *libc);
/*
 * Told of what the loader did, just after it, by the thread that did it (under the loader's lock). May patch.
 * Errno is untouched.
 */
void site_copies_mapped(uint64_t start, uint64_t length);
void site_copies_protected(uint64_t start, uint64_t length);
/* Just before: whatever is mapped there next is no copy. */
void site_copies_unmapping(uint64_t start, uint64_t length);

/* A site left alone, and why; why NULL: none is. number: the system call, 0 if it is not about one. */
struct site_left {
	const char *why;
	uint32_t number;
};

/* Patches the sites of a copy of libc, `distance` above the first. Which one was left alone first. In sites.c. */
struct site_left sites_patch_copy(uint64_t distance);

/*
 * The address in the first libc that stands for this one in a copy; 0 if it is in none. For any thread, at any
 * time: a copy is published before anyone can run in it, and goes when nobody does any more.
 */
uint64_t site_copies_original(uint64_t address);

#endif
