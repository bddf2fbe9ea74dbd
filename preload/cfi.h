/*
 * cfi: what the call frame information says of one pc, asked of libunwind's generic library.
 *
 * The library believes that it unwinds another process: registers and stack come through accessors of ours,
 * which answer with symbols instead of values ("what sp was, plus 16", "what memory holds at rbp - 8"). After
 * one step the new registers, still symbols, are the recipe. Only CFI and code of the object that the pc lies
 * in is ever read. No malloc, no /proc, no lock of the loader: the object comes from _dl_find_object().
 */
#ifndef VMATRACE_PRELOAD_CFI_H
#define VMATRACE_PRELOAD_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "cfi_table.h"
#include "recipes.h"

enum {
	CFI_CURSOR_BYTES = 1024,
	/* libunwind 1.6.2 uses 2.3 KiB of it; the test of the walk looks that it stays below the second. */
	CFI_STACK_BYTES = 16384,
	CFI_STACK_MEASURED = 4096,
};

/* Where a question is worked on: too large for a stranger's stack, one user at a time. */
struct cfi_desk {
	uint8_t stack[CFI_STACK_BYTES] __attribute__((aligned(16)));
	uint64_t cursor[CFI_CURSOR_BYTES / sizeof(uint64_t)];
	uint64_t ip;
	struct dl_find_object object; /* the part of it that ip lies in */
	struct dl_find_object table;  /* the part that its CFI lies in, not always the same */
	bool described;               /* a description was found for ip */
	struct recipe answer;
};

/* Loads the library; desk is used to try it. False: not there, too old, or it gave a wrong answer. */
bool cfi_load(struct cfi_desk *desk);

/*
 * In a fork child whose parent was in the library in another thread: what that thread held or had half done there is
 * no more; the library's own data are as they were when it was loaded, and it is tried again. False: that cannot be
 * done, as the program had loaded the library before, say. What one that loads it later made of it (address spaces, what
 * they keep) is on the heap, and stays. No other thread may be in it.
 */
bool cfi_begin_anew(struct cfi_desk *desk);

/*
 * The recipe for the instruction at `ip`, which lies in `object`. Kind NO_CFI: no description covers it;
 * OPAQUE: it is, but says what no recipe can. Only after cfi_load().
 */
struct recipe cfi_recipe(struct cfi_desk *desk, uint64_t ip, const struct dl_find_object *object);

#endif
