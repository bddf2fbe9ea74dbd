/*
 * offsets.c: holds offsets.h, which entry.S reads, against the structs. No code.
 */
#include "offsets.h"

#include <stddef.h>

#include "address_space.h"
#include "real.h"
#include "site_entry.h"
#include "sites.h"

_Static_assert(offsetof(struct real, syscall) == REAL_SYSCALL, "entry.S");
_Static_assert(offsetof(struct real, libc_start_main) == REAL_LIBC_START_MAIN, "entry.S");
_Static_assert(offsetof(struct real, resolved) == REAL_RESOLVED, "entry.S");
_Static_assert(sizeof(struct site_frame) <= SITE_FRAME_BYTES, "entry.S");
_Static_assert(offsetof(struct site_frame, result) == SITE_RESULT, "entry.S");
_Static_assert(offsetof(struct site_frame, at) == SITE_AT, "entry.S");
_Static_assert(offsetof(struct site_frame, number) == SITE_NUMBER, "entry.S");
_Static_assert(offsetof(struct address_space, state) == ADDRESS_SPACE_STATE, "entry.S");
_Static_assert(SPACE_OFF == ADDRESS_SPACE_OFF, "entry.S");
_Static_assert(offsetof(struct site, number) == SITE_OWN_NUMBER, "entry.S");
_Static_assert(sizeof(struct site_place) == 16 && SITE_PLACES * 16 - 16 == SITE_PLACE_MASK,
               "entry.S");
