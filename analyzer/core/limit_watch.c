/*
 * limit_watch.c: see the header.
 */
#include "limit_watch.h"

#include <string.h>

#include "number_table.h"

uint64_t limit_watch_without(uint64_t all, uint64_t own)
{
	return all > own ? all - own : 0;
}

/* The event of the call site that holds most. False: all of it was there before, or nobody's. */
static bool find_holder(struct rule_run *run, const struct measure *measure,
                        const struct vma_map *map, struct event *holder, uint64_t *held)
{
	const struct rules_source *source = run->process->source;
	struct number_table table = { 0 };
	bool found = false;

	*held = 0;
	for (const struct vma_run *vma = vma_map_at(map, 0); vma; vma = vma_map_next(map, vma)) {
		struct event event;
		uint64_t *sum;

		if (vma->internal || measure->author(vma) >= SEQ_IN_FLIGHT ||
		    !source->event(source->context, measure->author(vma), &event))
			continue;
		sum = number_table_at(&table, source->site(source->context, &event));
		if (!sum) {
			rule_out_of_memory(run);
			break;
		}
		*sum += measure->weight(vma);
		if (*sum <= *held)
			continue;
		*held = *sum;
		*holder = event;
		found = true;
	}
	number_table_release(&table);
	return found;
}

static struct finding *go_over(struct rule_run *run, const struct measure *measure,
                               const struct vma_map *map)
{
	const char *slash = strrchr(run->process->exe, '/');
	struct finding *finding;
	struct event holder;
	uint64_t held;
	bool known = find_holder(run, measure, map, &holder, &held);

	finding = rule_report_program(run, known ? &holder : NULL,
	                              slash ? slash + 1 : run->process->exe);
	if (finding)
		finding->limit = run->settings->limit;
	return finding;
}

void limit_watch_passed(struct rule_run *run, const struct walk *walk)
{
	const struct measure *measure = run->policy->rule->measure;
	struct limit_watch *watch = run->state;
	uint64_t now = measure->now(run, walk_map(walk));

	if (now > watch->peak)
		watch->peak = now;
	/* Once for each process. */
	if (now <= run->settings->limit || watch->finding)
		return;
	rule_catch_up(run);
	watch->finding = go_over(run, measure, walk_map(walk));
}

void limit_watch_checkpoint(struct rule_run *run, const struct walk *walk,
                            const struct checkpoint *checkpoint)
{
	(void)checkpoint;
	limit_watch_passed(run, walk);
}

void limit_watch_process_end(struct rule_run *run, const struct walk *walk)
{
	struct limit_watch *watch = run->state;

	(void)walk;
	/* One finding of several processes of a program says the highest of their peaks. */
	if (watch->finding && watch->finding->amount < watch->peak)
		watch->finding->amount = watch->peak;
	*watch = (struct limit_watch) { 0 };
}
