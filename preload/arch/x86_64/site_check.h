/*
 * site_check: what the pair of instructions of a VMA call is, in which function it stands, and whether it may
 * be replaced there (sites.h has the list of what must hold).
 */
#ifndef VMATRACE_PRELOAD_SITE_CHECK_H
#define VMATRACE_PRELOAD_SITE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "cfi_table.h"

enum { SITE_BYTES = 7 }; /* of the pair */

struct function {
	const uint8_t *start;
	const uint8_t *end; /* where the next one begins, at most */
};

/* The functions of the object that `address` is in. NULL: it has no table of the usual kind. */
const struct cfi_table *site_functions(const void *address);
/* Where a function begins whose row this is. */
const uint8_t *site_function_start(const struct cfi_table *table, uint32_t row);
/* The function that `at` is in, by its unwind information. */
bool site_function(const struct cfi_table *table, const uint8_t *at, struct function *function);

/* True if the seven bytes at `at` are a pair whose system call changes VMAs. */
bool site_is_pair(const uint8_t *at);
/* The first such in [from, end); NULL: none. */
const uint8_t *site_next_pair(const uint8_t *from, const uint8_t *end);
/* The system call number of a pair, and the call (enum call_id) that a number is; 0: no VMA call. */
uint32_t site_number(const uint8_t *at);
uint16_t site_call(uint32_t number);

/*
 * Decodes the whole function. NULL: the pair at `at` may be replaced, and *frame_bytes is how far the stack
 * pointer is below the return address there; else why not.
 */
const char *site_check(const struct function *function, const uint8_t *at, uint32_t *frame_bytes);

#endif
