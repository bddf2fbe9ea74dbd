/*
 * max-vmas, max-mapped: how large an address space may get: in VMAs, of which the kernel grants 65,530
 * (vm.max_map_count) and then fails mmap and mprotect with ENOMEM, and in bytes. The recorder's own are not
 * counted.
 *
 * The finding is the program's, whatever call went over the limit: of two threads that grow it, now one does
 * and now the other. What it names is the call site that holds most when the limit is first passed.
 */
#include <stdio.h>
#include <string.h>

#include "number_table.h"
#include "quantity.h"
#include "rules.h"

struct state {
	uint64_t peak; /* of the process */
	uint64_t over; /* its process + 1: that one is over the limit already */
};

/* Which of a run's two authors is asked, and what it answers for. */
struct measure {
	uint64_t (*now)(const struct rule_run *run, const struct vma_map *map);
	uint64_t (*weight)(const struct vma_run *vma);
	uint64_t (*author)(const struct vma_run *vma);
};

static uint64_t without(uint64_t all, uint64_t own)
{
	return all > own ? all - own : 0;
}

static uint64_t vmas_now(const struct rule_run *run, const struct vma_map *map)
{
	return without(vma_map_count(map), run->own_vmas);
}

static uint64_t bytes_now(const struct rule_run *run, const struct vma_map *map)
{
	return without(vma_map_bytes(map), run->own_bytes);
}

static uint64_t one(const struct vma_run *vma)
{
	(void)vma;
	return 1;
}

static uint64_t length(const struct vma_run *vma)
{
	return vma->end - vma->start;
}

/* A VMA is there because somebody mapped it or cut it off; bytes are there because they were mapped. */
static uint64_t changed_by(const struct vma_run *vma)
{
	return vma->changed_by;
}

static uint64_t created_by(const struct vma_run *vma)
{
	return vma->created_by;
}

static const struct measure by_vmas = { vmas_now, one, changed_by };
static const struct measure by_bytes = { bytes_now, length, created_by };

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

static void go_over(struct rule_run *run, const struct measure *measure, const struct vma_map *map)
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
}

static void look(struct rule_run *run, const struct walk *walk, const struct measure *measure)
{
	struct state *state = run->state;
	uint64_t now = measure->now(run, walk_map(walk));

	if (now > state->peak)
		state->peak = now;
	if (now > run->settings->limit && state->over != run->process->number + 1) {
		state->over = run->process->number + 1;
		go_over(run, measure, walk_map(walk));
	}
}

static void end(struct rule_run *run)
{
	struct state *state = run->state;
	const char *slash = strrchr(run->process->exe, '/');
	struct finding *finding;

	if (state->over == run->process->number + 1) {
		finding = rule_report_program(run, NULL, slash ? slash + 1 : run->process->exe);
		if (finding && finding->amount < state->peak)
			finding->amount = state->peak;
		/* Once for each process: this was not another time. */
		if (finding)
			finding->count--;
	}
	state->peak = 0;
}

static void vmas_after(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	(void)event;
	look(run, walk, &by_vmas);
}

static void bytes_after(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	(void)event;
	look(run, walk, &by_bytes);
}

static void vmas_checkpoint(struct rule_run *run, const struct walk *walk,
                            const struct checkpoint *checkpoint)
{
	(void)checkpoint;
	look(run, walk, &by_vmas);
}

static void bytes_checkpoint(struct rule_run *run, const struct walk *walk,
                             const struct checkpoint *checkpoint)
{
	(void)checkpoint;
	look(run, walk, &by_bytes);
}

static void process_end(struct rule_run *run, const struct walk *walk)
{
	(void)walk;
	end(run);
}

static void say_vmas(const struct finding *finding, char *text, size_t bytes)
{
	snprintf(text, bytes, "%llu VMAs at the peak, the limit is %llu",
	         (unsigned long long)finding->amount, (unsigned long long)finding->limit);
}

static void say_bytes(const struct finding *finding, char *text, size_t bytes)
{
	char peak[32], limit[32];

	snprintf(text, bytes, "%s mapped at the peak, the limit is %s",
	         quantity_text(peak, sizeof(peak), finding->amount),
	         quantity_text(limit, sizeof(limit), finding->limit));
}

static const struct rule_setting vmas_settings[] = {
	{ "limit", SETTING_COUNT_TYPE, true, offsetof(struct rule_settings, limit) },
	{ 0 },
};

static const struct rule_setting bytes_settings[] = {
	{ "limit", SETTING_BYTES, true, offsetof(struct rule_settings, limit) },
	{ 0 },
};

const struct rule rule_max_vmas = {
	.name = "max-vmas",
	.means = "The address space had more VMAs than the policy's limit; at vm.max_map_count "
		 "mmap and mprotect fail with ENOMEM.",
	.fix = "Look at `vmatrace sites --sort vmas`: map fewer, larger areas, give neighbours the "
	       "same rights, unmap what is done with; or raise the limit.",
	.settings = vmas_settings,
	.state_bytes = sizeof(struct state),
	.after = vmas_after,
	.checkpoint = vmas_checkpoint,
	.process_end = process_end,
	.say = say_vmas,
};

const struct rule rule_max_mapped = {
	.name = "max-mapped",
	.means = "More bytes were mapped at once than the policy's limit.",
	.fix = "Look at `vmatrace sites --sort live`: the call site named holds most of it; or "
	       "raise the limit.",
	.settings = bytes_settings,
	.state_bytes = sizeof(struct state),
	.after = bytes_after,
	.checkpoint = bytes_checkpoint,
	.process_end = process_end,
	.say = say_bytes,
};
