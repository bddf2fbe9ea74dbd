/*
 * offsets.h: where entry.S finds its two fields of struct real; real.c asserts both.
 */
#define REAL_SYSCALL 168
#define REAL_LIBC_START_MAIN 232
