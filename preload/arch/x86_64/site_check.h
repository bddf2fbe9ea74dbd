/*
 * site_check: what the pair of instructions of a VMA call is, in which function it stands, and whether it may
 * be replaced there (sites.h has the list of what must hold).
 */
#ifndef VMATRACE_PRELOAD_SITE_CHECK_H
#define VMATRACE_PRELOAD_SITE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum { SITE_BYTES = 7 }; /* of the pair */

/* .eh_frame_hdr (LSB core, "The .eh_frame_hdr section") with the encodings that every linker writes. */
struct function_table {
	const uint8_t *header;
	const struct {
		int32_t start; /* both relative to the header; rows sorted by start */
		int32_t fde;
	} * row;
	uint32_t count;
};

struct function {
	const uint8_t *start;
	const uint8_t *end; /* where the next one begins, at most */
};

/* The functions of the object that `address` is in. False: it has no table of the usual kind. */
bool site_function_table(const void *address, struct function_table *table);
/* The function that `at` is in, by its unwind information. */
bool site_function(const struct function_table *table, const uint8_t *at,
                   struct function *function);

/* True if the seven bytes at `at` are a pair whose system call changes VMAs. */
bool site_is_pair(const uint8_t *at);
/* The system call number of a pair, and the call (enum call_id) that a number is; 0: no VMA call. */
uint32_t site_number(const uint8_t *at);
uint16_t site_call(uint32_t number);

/*
 * Decodes the whole function. NULL: the pair at `at` may be replaced, and *frame_bytes is how far the stack
 * pointer is below the return address there; else why not.
 */
const char *site_check(const struct function *function, const uint8_t *at, uint32_t *frame_bytes);

#endif
