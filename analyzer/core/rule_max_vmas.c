/*
 * max-vmas: how many VMAs an address space may have. The kernel grants 65,530 (vm.max_map_count), and then fails
 * mmap and mprotect with ENOMEM.
 */
#include <stdio.h>

#include "limit_watch.h"

static uint64_t now(const struct rule_run *run, const struct vma_map *map)
{
	return limit_watch_without(vma_map_count(map), run->own_vmas);
}

static uint64_t weight(const struct vma_run *vma)
{
	(void)vma;
	return 1;
}

/* A VMA is there because somebody mapped it or cut it off. */
static uint64_t author(const struct vma_run *vma)
{
	return vma->changed_by;
}

static const struct measure measure = { now, weight, author };

static void say(const struct finding *finding, char *text, size_t bytes)
{
	snprintf(text, bytes, "%llu VMAs at the peak, the limit is %llu",
	         (unsigned long long)finding->amount, (unsigned long long)finding->limit);
}

static const struct rule_setting settings[] = {
	{ "limit", SETTING_COUNT_TYPE, true, offsetof(struct rule_settings, limit) },
	{ 0 },
};

const struct rule rule_max_vmas = {
	.name = "max-vmas",
	.means = "The address space had more VMAs than the policy's limit; at vm.max_map_count "
		 "mmap and mprotect fail with ENOMEM.",
	.fix = "Look at `vmatrace sites --sort vmas`: map fewer, larger areas, give neighbours the "
	       "same rights, unmap what is done with; or raise the limit.",
	.settings = settings,
	.state_bytes = sizeof(struct limit_watch),
	.measure = &measure,
	.passed = limit_watch_passed,
	.checkpoint = limit_watch_checkpoint,
	.process_end = limit_watch_process_end,
	.say = say,
};
