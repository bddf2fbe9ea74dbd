/*
 * offsets.h: where entry.S finds its fields of structs, and constants of theirs (offsets.c asserts all of them).
 */
#define REAL_SYSCALL 168
#define REAL_LIBC_START_MAIN 240
#define REAL_RESOLVED 272

/* Of struct site_frame. */
#define SITE_RESULT 48
#define SITE_AT 56
#define SITE_NUMBER 80
#define SITE_FRAME_BYTES 384

/* Of struct address_space; and SPACE_OFF. */
#define ADDRESS_SPACE_STATE 0
#define ADDRESS_SPACE_OFF 3

/* Of struct site; and what of an address tells its place in site_place, in bytes. */
#define SITE_OWN_NUMBER 12
#define SITE_PLACE_MASK 0x3f0
