/*
 * offsets.h: where entry.S finds its two fields of struct real and those of a site's frame (offsets.c
 * asserts all of them).
 */
#define REAL_SYSCALL 168
#define REAL_LIBC_START_MAIN 232

/* Of struct site_frame. */
#define SITE_RESULT 48
#define SITE_AT 56
#define SITE_NUMBER 80
#define SITE_FRAME_BYTES 384
