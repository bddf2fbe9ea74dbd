/*
 * deep: calls a function from a chosen number of frames below main(), each a function of its own that no
 * compiler folds into a loop.
 */
#ifndef BENCH_DEEP_H
#define BENCH_DEEP_H

/* Calls body() with `frames` frames of this file above it. */
void deep(int frames, void (*body)(void));

/*
 * The same, and which functions they are is told by the number, in digits of base DEEP_NUMBERS: as many different
 * stacks as there are numbers of `frames` digits.
 */
enum { DEEP_NUMBERS = 8 };
void deep_by_number(int frames, unsigned long number, void (*body)(void));

#endif
