/*
 * site_entry: what a patched site calls, and the frame it shares with site_call.c.
 */
#ifndef VMATRACE_PRELOAD_SITE_ENTRY_H
#define VMATRACE_PRELOAD_SITE_ENTRY_H

#include "recorder.h"

/* On the stack of entry.S; the first ten words are filled there (offsets.h). */
struct site_frame {
	uint64_t args
		[VMAT_ARGUMENT_WORDS]; /*  0 rdi rsi rdx r10 r8 r9 as the system call takes them */
	uint64_t result;               /* 48 of the system call */
	struct frame_registers at;     /* 56 pc: behind the site; sp and rbp there */
	uint64_t number;               /* 80 system call, set by site_before() */
	const struct site *site;
	struct recording recording;
	bool completes; /* the event is the wrapper's that led here */
};

/*
 * The sites by their return addresses, whose last bits choose the place; of several at one place the first that
 * was patched has it, the others are searched for.
 */
enum { SITE_PLACES = 64 };
struct site_place {
	uint64_t return_address; /* 0: free */
	const struct site *site;
};
extern struct site_place site_place[SITE_PLACES];

/* The target of the call at a site. Not a C function: preserves all but rax, rcx and r11. */
void site_entry(void);

/* Before and after the system call; called by entry.S. */
void site_before(struct site_frame *frame);
void site_after(struct site_frame *frame);

#endif
