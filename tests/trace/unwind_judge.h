/*
 * unwind_judge: the recorder's walk held against other unwinders on the same stack: libgcc's
 * _Unwind_Backtrace(), libunwind's unw_backtrace(), and libunwind's slow unw_step(). Beside it the memo: it must
 * say the same as a walk, or nothing.
 */
#ifndef UNWIND_JUDGE_H
#define UNWIND_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

enum { JUDGE_DEPTH = 128 };

/* What became of the comparisons so far. */
struct judge_counts {
	long stacks;
	long frames;
	long equal;     /* to every judge */
	long judges;    /* the judges did not agree; equal to one of them */
	long truncated; /* a correct beginning, and flagged as no more than that */
	long different; /* to all judges: an error */
	long deepest;
	long remembered; /* the memo knew it */
	long forgotten;  /* the memo was wrong, or did not keep what it was told */
};

/* Loads libunwind's local library. False: it is not there, and libgcc judges alone. */
bool judge_load(void);

/* Compares the stack of its caller. */
void judge_here(struct judge_counts *counts);

/* Heap functions called by the recorder's walk in all comparisons: must stay 0. */
extern long judge_heap_calls;

#endif
