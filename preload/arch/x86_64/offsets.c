/*
 * offsets.c: holds offsets.h, which entry.S reads, against the structs. No code.
 */
#include "offsets.h"

#include <stddef.h>

#include "real.h"
#include "site_entry.h"

_Static_assert(offsetof(struct real, syscall) == REAL_SYSCALL, "entry.S");
_Static_assert(offsetof(struct real, libc_start_main) == REAL_LIBC_START_MAIN, "entry.S");
_Static_assert(sizeof(struct site_frame) <= SITE_FRAME_BYTES, "entry.S");
_Static_assert(offsetof(struct site_frame, result) == SITE_RESULT, "entry.S");
_Static_assert(offsetof(struct site_frame, at) == SITE_AT, "entry.S");
_Static_assert(offsetof(struct site_frame, number) == SITE_NUMBER, "entry.S");
