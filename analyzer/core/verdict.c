/*
 * verdict.c: see the header.
 */
#include "verdict.h"

const char *verdict_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_PASS] = "pass",
		[VERDICT_FAIL] = "fail",
		[VERDICT_INCOMPLETE] = "incomplete",
	};

	return names[kind];
}

struct verdict verdict_of(const struct policy *policy, const struct findings *findings,
                          bool incomplete)
{
	struct verdict verdict = { VERDICT_PASS, 0, 0, 0 };

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = findings->items[i];

		verdict.allowed += finding->allow != NULL;
		verdict.errors += !finding->allow && finding->policy->level == LEVEL_ERROR;
		verdict.warnings += !finding->allow && finding->policy->level == LEVEL_WARNING;
	}
	if (verdict.errors)
		verdict.kind = VERDICT_FAIL;
	if (incomplete && policy->incomplete == INCOMPLETE_FAIL)
		verdict.kind = VERDICT_INCOMPLETE;
	return verdict;
}
