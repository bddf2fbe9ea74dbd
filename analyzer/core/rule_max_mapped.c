/*
 * max-mapped: how many bytes may be mapped at once.
 */
#include <stdio.h>

#include "limit_watch.h"
#include "quantity.h"

static uint64_t now(const struct rule_run *run, const struct vma_map *map)
{
	return limit_watch_without(vma_map_bytes(map), run->own_bytes);
}

static uint64_t weight(const struct vma_run *vma)
{
	return vma->end - vma->start;
}

/* Bytes are there because they were mapped, whoever cut them up since. */
static uint64_t author(const struct vma_run *vma)
{
	return vma->created_by;
}

static const struct measure measure = { now, weight, author };

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char peak[32], limit[32];

	snprintf(text, bytes, "%s mapped at the peak, the limit is %s",
	         quantity_text(peak, sizeof(peak), finding->amount),
	         quantity_text(limit, sizeof(limit), finding->limit));
}

static const struct rule_setting settings[] = {
	{ "limit", SETTING_BYTES, true, offsetof(struct rule_settings, limit) },
	{ 0 },
};

const struct rule rule_max_mapped = {
	.name = "max-mapped",
	.means = "More bytes were mapped at once than the policy's limit.",
	.fix = "Look at `vmatrace sites --sort live`: the call site named holds most of it; or "
	       "raise the limit.",
	.settings = settings,
	.state_bytes = sizeof(struct limit_watch),
	.measure = &measure,
	.passed = limit_watch_passed,
	.checkpoint = limit_watch_checkpoint,
	.process_end = limit_watch_process_end,
	.say = say,
};
