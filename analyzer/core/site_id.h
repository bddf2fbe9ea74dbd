/*
 * site_id: what a call site is called from one run to the next: 64 bits that stay the same when addresses
 * are randomised, the program is rebuilt, or lines move. Baselines, diff and SARIF fingerprints hold sites
 * against each other by it.
 *
 *     call + chain of (module base name, function), innermost first
 *
 *     mmap  libc.so.6  app!read_file  app!walk  app!walk  app!walk  app!main  libc.so.6
 *       ->  "mmap\0" "libc.so.6\0\0" "app\0read_file\0" "app\0walk\0" "app\0main\0"
 *
 * Spelled exactly:
 *   - The name of the call as reports print it ("mmap"), then the frames from the innermost outwards,
 *     calls that the compiler inlined as frames of their own.
 *   - A frame is the base name of its module and the name of its function, "" where one is not known.
 *     Of a frame of the runtime (libc, the loader, an allocator) only the module counts: which functions
 *     of libc have names depends on whether its debug symbols are installed.
 *   - A frame counts once, where it is met first: recursion of any depth and shape is the same chain.
 *   - 16 frames at most; those further out do not count.
 *   - The hash is FNV-1a, 64 bits (offset basis cbf29ce484222325, prime 100000001b3), over the bytes of
 *     all these strings, each with its NUL. It is no defence against somebody who wants two sites to
 *     collide.
 *
 * Two lines of one function that make the same call have the same id: that is what surviving moved lines
 * means. Where symbols are missing an id knows only modules.
 *
 * Printed as 16 hexadecimal digits. Pure: no memory, no failure.
 */
#ifndef VMATRACE_CORE_SITE_ID_H
#define VMATRACE_CORE_SITE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { SITE_ID_FRAMES = 16, SITE_ID_DIGITS = 16 };

/* One id being made. */
struct site_id {
	uint64_t hash;
	unsigned frames;
	uint64_t seen[SITE_ID_FRAMES]; /* the frames that count, each hashed by itself */
};

void site_id_begin(struct site_id *id, const char *call);
/* The next frame outwards. module: path or base name; either may be NULL. */
void site_id_add(struct site_id *id, const char *module, const char *function, bool runtime);

/* id->hash is the id of what was added. text: SITE_ID_DIGITS and a NUL. Returns text. */
char *site_id_text(char *text, uint64_t id);

#endif
