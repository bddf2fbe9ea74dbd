/*
 * verdict: what findings and what is missing of a trace come to.
 *
 *     incomplete, and the policy says fail   VERDICT_INCOMPLETE   whatever was found: it may not be all
 *     an error that is not allowed           VERDICT_FAIL
 *     else                                   VERDICT_PASS
 */
#ifndef VMATRACE_CORE_VERDICT_H
#define VMATRACE_CORE_VERDICT_H

#include "findings.h"
#include "policy.h"

enum verdict_kind { VERDICT_PASS, VERDICT_FAIL, VERDICT_INCOMPLETE };

struct verdict {
	enum verdict_kind kind;
	uint64_t errors; /* findings of that level, those that are allowed apart */
	uint64_t warnings;
	uint64_t allowed;
};

/* incomplete: something of the traces is missing. */
struct verdict verdict_of(const struct policy *policy, const struct findings *findings,
                          bool incomplete);

/* "pass", "fail", "incomplete" */
const char *verdict_name(enum verdict_kind kind);

#endif
