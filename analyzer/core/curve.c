/*
 * curve: see the header.
 */
#include "curve.h"

#include <string.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void raise_to(struct curve_value *highest, const struct curve_value *value)
{
	highest->mapped_bytes = larger(highest->mapped_bytes, value->mapped_bytes);
	highest->vma_count = larger(highest->vma_count, value->vma_count);
}

void curve_init(struct curve *curve)
{
	memset(curve, 0, sizeof(*curve));
	curve->width_ns = 1;
}

/* Two buckets become one; the upper half becomes free. */
static void widen(struct curve *curve)
{
	for (size_t i = 0; i < CURVE_BUCKETS; i++) {
		struct curve_bucket *left = &curve->bucket[2 * i % CURVE_BUCKETS];
		struct curve_bucket *right = left + 1;
		struct curve_bucket joined = { 0 };

		if (i < CURVE_BUCKETS / 2) {
			joined = left->some ? *left : *right;
			if (left->some && right->some) {
				raise_to(&joined.highest, &right->highest);
				joined.last = right->last;
			}
		}
		curve->bucket[i] = joined;
	}
	curve->width_ns *= 2;
}

void curve_add(struct curve *curve, uint64_t time_ns, const struct curve_value *value)
{
	struct curve_bucket *bucket;

	/* The widest width reaches the last nanosecond that 64 bits can say. */
	while (time_ns / curve->width_ns >= CURVE_BUCKETS)
		widen(curve);
	bucket = &curve->bucket[time_ns / curve->width_ns];
	raise_to(&bucket->highest, value);
	bucket->last = *value;
	bucket->some = true;
}

void curve_sample(const struct curve *curve, uint64_t from_ns, uint64_t to_ns,
                  struct curve_value *sample, size_t columns)
{
	uint64_t span = to_ns > from_ns ? to_ns - from_ns : 1;
	struct curve_value current = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < columns; i++) {
		/* In floating point: span * i may not fit in 64 bits. */
		double end = (double)from_ns + (double)span * (double)(i + 1) / (double)columns;

		sample[i] = current;
		while (next < CURVE_BUCKETS && (double)next * (double)curve->width_ns < end) {
			const struct curve_bucket *bucket = &curve->bucket[next++];

			if (!bucket->some)
				continue;
			if ((double)next * (double)curve->width_ns > (double)from_ns)
				raise_to(&sample[i], &bucket->highest);
			current = bucket->last;
		}
		raise_to(&sample[i], &current);
	}
}
