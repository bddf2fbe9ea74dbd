/*
 * verify: the replay held against every snapshot, and what that means. The walk compares; here its
 * findings become one result with a verdict.
 */
#ifndef VMATRACE_CORE_VERIFY_H
#define VMATRACE_CORE_VERIFY_H

#include "walk.h"

enum verify_verdict {
	VERIFY_MATCHED,
	VERIFY_MISMATCH, /* a snapshot differs, or a VMA is unexplained */
	VERIFY_NO_BASE,  /* nothing to begin from: nothing can be said */
	VERIFY_NO_MEMORY,
};

/* The first snapshots that did not match, for the text report. */
struct verify_mismatch {
	uint32_t snapshot;
	uint64_t time_ns;
	uint32_t unexplained;
};

enum { VERIFY_MISMATCH_LIMIT = 8 };

struct verify_result {
	enum verify_verdict verdict;
	struct walk_totals totals;
	uint64_t explained[CAUSE_COUNT]; /* implicit changes by cause */
	size_t mismatches;
	struct verify_mismatch mismatch[VERIFY_MISMATCH_LIMIT];
};

void verify_run(const struct walk_input *input, struct verify_result *result);

#endif
