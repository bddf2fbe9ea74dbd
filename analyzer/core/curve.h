/*
 * curve: two quantities over time, in constant memory: mapped bytes and the number of VMAs. How
 * long a trace is shows only at its end, so the buckets start narrow and double their width
 * whenever a time does not fit:
 *
 *     width 1   |3|5|9|4|        a time of 5 comes      width 2   |5|9|2| |
 *
 * A bucket keeps its highest value (a peak must not vanish between two columns) and its last one
 * (which holds until the next bucket that says something).
 */
#ifndef VMATRACE_CORE_CURVE_H
#define VMATRACE_CORE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURVE_BUCKETS = 512 };

struct curve_value {
	uint64_t mapped_bytes;
	uint64_t vma_count;
};

struct curve_bucket {
	struct curve_value highest;
	struct curve_value last;
	bool some;
};

struct curve {
	uint64_t width_ns; /* of one bucket */
	struct curve_bucket bucket[CURVE_BUCKETS];
};

void curve_init(struct curve *curve);
/* Times may go back a little: calls overlap. */
void curve_add(struct curve *curve, uint64_t time_ns, const struct curve_value *value);
/* The highest value in each of `columns` equal parts of [from, to). */
void curve_sample(const struct curve *curve, uint64_t from_ns, uint64_t to_ns,
                  struct curve_value *sample, size_t columns);

#endif
