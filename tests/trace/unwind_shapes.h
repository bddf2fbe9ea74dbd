/*
 * unwind_shapes: functions whose frames differ in every way that CFI can say. Each calls descend(depth - 1)
 * from the middle of its body. The same source is compiled once for each set, with other options.
 */
#ifndef UNWIND_SHAPES_H
#define UNWIND_SHAPES_H

typedef void shape_fn(int depth);

struct shape {
	const char *name;
	shape_fn *call;
};

/* Each ends with a row without a name. */
extern const struct shape shapes_unoptimized[]; /* -O0, frame pointers */
extern const struct shape shapes_optimized[];   /* -O2, none */
extern const struct shape shapes_size[];        /* -Os, split and merged as the compiler likes */

/* A shape at random, or at depth 0 the comparison; in unwind_test.c. */
void descend(int depth);

#endif
