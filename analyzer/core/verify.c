/*
 * verify: see the header.
 */
#include "verify.h"

static void count_cause(void *context, const struct vma_change *change)
{
	struct verify_result *result = context;

	if (change->cause != CAUSE_NONE && change->cause < CAUSE_COUNT)
		result->explained[change->cause]++;
}

static void note_mismatch(void *context, const struct walk *walk,
                          const struct checkpoint *checkpoint)
{
	struct verify_result *result = context;

	(void)walk;
	if (checkpoint->is_base || checkpoint->matched)
		return;
	if (result->mismatches < VERIFY_MISMATCH_LIMIT)
		result->mismatch[result->mismatches] = (struct verify_mismatch) {
			.snapshot = checkpoint->snapshot->id,
			.time_ns = checkpoint->snapshot->time_ns,
			.unexplained = checkpoint->unexplained,
		};
	result->mismatches++;
}

void verify_run(const struct walk_input *input, struct verify_result *result)
{
	const struct walk_observer observer = {
		.context = result,
		.change = count_cause,
		.checkpoint = note_mismatch,
	};
	struct walk *walk = walk_new(input);
	enum walk_status status;

	*result = (struct verify_result) { .verdict = VERIFY_NO_MEMORY };
	if (!walk)
		return;
	status = walk_run(walk, &observer);
	result->totals = *walk_totals(walk);
	walk_free(walk);
	if (status == WALK_NO_BASE)
		result->verdict = VERIFY_NO_BASE;
	else if (status != WALK_NO_MEMORY)
		result->verdict =
			result->mismatches || result->totals.unexplained_vmas ||
					result->totals.matched < result->totals.checkpoints
				? VERIFY_MISMATCH
				: VERIFY_MATCHED;
}
