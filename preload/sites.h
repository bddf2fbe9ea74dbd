/*
 * sites: the second layer. In libc.so.6 and ld.so each VMA call has one place where it enters the kernel, which
 * becomes a call to site_entry; on x86-64, which is the one processor that has this layer so far:
 *
 *     b8 NR 00 00 00    mov  $NR, %eax              e8 rel32    call site_entry
 *     0f 05             syscall                     66 90       nop
 *
 * (left: as it is; right: as it becomes). site_entry (arch/) makes the system call itself between
 * site_before() and site_after(). A call rather than a jump: the return address names the site, and libc's
 * own CFI covers the frame, so every unwinder passes.
 *
 * A site is patched only if all of this holds; else it is left alone and named (header.sites_left):
 *     - the function it is in decodes from its start (FDE) to its end, instruction by instruction
 *     - the pair stands on instruction boundaries, its bytes exact, a known instruction behind it
 *     - no jump of the function leads into the seven bytes
 *     - the function stores nothing below its stack pointer, and has no vector instruction: by the psABI
 *       its callers expect vector registers to be lost, so the recorder need not save them
 */
#ifndef VMATRACE_PRELOAD_SITES_H
#define VMATRACE_PRELOAD_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "vmatrace/trace_format.h"

struct sites_report {
	enum vmat_sites_off off; /* VMAT_SITES_IN_FORCE: at least one is patched */
	uint32_t found;
	uint32_t patched;
	char left[256]; /* those left alone, with why: "mremap: jump into it; ..." */
};

/* In the constructor, before any other thread. Through /proc/self/mem: no VMA is split, no page writable. */
void sites_patch(struct sites_report *report);

/* At the begin of each trace, a fork child's too: it says which libcs besides the first one are patched. */
void sites_begin_trace(void);

/* A patched site. */
struct site {
	uint64_t return_address; /* behind the call that the pair became */
	uint32_t
		frame_bytes; /* the stack pointer is this far below the function's return address */
	uint16_t number;     /* system call */
	uint16_t call;       /* enum call_id */
	bool loader;         /* in ld.so: a munmap here unloads an object */
};

/* By what a site pushes, in libc, ld.so or a copy of libc; NULL: none. */
const struct site *sites_find(uint64_t return_address);
/* True if pc is in this library: where a wrapper called the next definition from. */
bool sites_in_library(uint64_t pc);

/* True if an object that the loader unloads is seen to go. */
bool sites_see_unloading(void);

/* True if every path of the call `call` (enum call_id) to the kernel goes through a patched site. */
bool sites_cover(uint16_t call);

#endif
