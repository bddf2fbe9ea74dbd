/*
 * rules.c: what drives the rules that a policy names, whatever they are: each has a run with a state of its own
 * that lives through all processes.
 */
#include "rules.h"

#include <stdlib.h>

#include "altered.h"
#include "baseline.h"
#include "census.h"
#include "vmatrace/trace_format.h"

struct rules {
	const struct policy *policy;
	struct rule_run *runs;
	size_t run_count;
	struct baseline *baseline;
	bool internal;
	bool failed;
	struct rules_process process;
	const struct walk *walk;
	uint64_t *allowed; /* beside policy->allows */
	struct findings findings;
};

void rule_out_of_memory(struct rule_run *run)
{
	run->rules->failed = true;
}

struct rules *rules_new(const struct policy *policy, struct baseline *baseline, bool internal)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->policy = policy;
	rules->baseline = baseline;
	rules->internal = internal;
	rules->runs = calloc(policy->rule_count + 1, sizeof(*rules->runs));
	rules->allowed = calloc(policy->allow_count + 1, sizeof(*rules->allowed));
	if (!rules->runs || !rules->allowed) {
		rules_free(rules);
		return NULL;
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *named = &policy->rules[i];
		struct rule_run *run = &rules->runs[rules->run_count];

		if (named->level == LEVEL_OFF)
			continue;
		*run = (struct rule_run) {
			.policy = named,
			.settings = &named->settings,
			.baseline = baseline,
			.findings = &rules->findings,
			.rules = rules,
			.state = calloc(1, named->rule->state_bytes + 1),
			.order = rule_order(named->rule),
		};
		rules->run_count++;
		if (!run->state) {
			rules_free(rules);
			return NULL;
		}
	}
	return rules;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->state && run->policy->rule->release)
			run->policy->rule->release(run);
		free(run->state);
	}
	findings_release(&rules->findings);
	free(rules->allowed);
	free(rules->runs);
	free(rules);
}

bool rules_failed(const struct rules *rules)
{
	return rules->failed;
}

/* --- a walk ------------------------------------------------------------------------------------------- */

static bool is_own(const struct rules *rules, const struct event *event)
{
	return !rules->internal && event->flags & VMAT_EVENT_INTERNAL;
}

static void know_own(struct rules *rules, const struct walk *walk)
{
	uint64_t bytes = 0, vmas = 0;

	if (rules->internal || !walk)
		return;
	rules->process.source->own(rules->process.source->context, walk, &bytes, &vmas);
	for (size_t i = 0; i < rules->run_count; i++) {
		rules->runs[i].own_bytes = bytes;
		rules->runs[i].own_vmas = vmas;
	}
}

static bool see_before(void *context, const struct walk *walk, const struct event *event)
{
	struct rules *rules = context;

	rules->walk = walk;
	if (is_own(rules, event))
		return !rules->failed;
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->policy->rule->before)
			run->policy->rule->before(run, walk, event);
	}
	return !rules->failed;
}

static void see_change(void *context, const struct vma_change *change)
{
	struct rules *rules = context;

	if (!rules->internal && (is_own(rules, change->event) || change->cause == CAUSE_TRACER)) {
		know_own(rules, rules->walk);
		return;
	}
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->policy->rule->change)
			run->policy->rule->change(run, change);
	}
}

static bool see_after(void *context, const struct walk *walk, const struct event *event)
{
	struct rules *rules = context;

	if (is_own(rules, event))
		return !rules->failed;
	if (rules->baseline && !census_take(rules->baseline, &rules->process, event))
		rules->failed = true;
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->policy->rule->after)
			run->policy->rule->after(run, walk, event);
	}
	return !rules->failed;
}

static void see_checkpoint(void *context, const struct walk *walk,
                           const struct checkpoint *checkpoint)
{
	struct rules *rules = context;

	rules->walk = walk;
	if (checkpoint->is_base)
		know_own(rules, walk);
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->policy->rule->checkpoint)
			run->policy->rule->checkpoint(run, walk, checkpoint);
	}
}

void rules_process_begin(struct rules *rules, const struct rules_process *process,
                         struct walk_observer *observer)
{
	rules->process = *process;
	rules->walk = NULL;
	for (size_t i = 0; i < rules->run_count; i++)
		rules->runs[i].process = &rules->process;
	*observer = (struct walk_observer) {
		.context = rules,
		.before = see_before,
		.change = see_change,
		.after = see_after,
		.checkpoint = see_checkpoint,
	};
}

void rules_process_end(struct rules *rules, const struct walk *walk)
{
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		run->running += rules->process.runs;
		if (run->policy->rule->process_end &&
		    !(rules->process.runs && run->policy->rule->at_end))
			run->policy->rule->process_end(run, walk);
		run->process = NULL;
	}
}

struct findings *rules_finish(struct rules *rules)
{
	const struct policy *policy = rules->policy;

	if (rules->baseline)
		altered_find(rules->baseline);
	for (size_t i = 0; i < rules->run_count; i++) {
		struct rule_run *run = &rules->runs[i];

		if (run->policy->rule->finish)
			run->policy->rule->finish(run);
	}
	findings_finish(&rules->findings);
	for (size_t i = 0; i < rules->findings.count; i++) {
		struct finding *finding = rules->findings.items[i];

		/* Every entry that fits is in use; the first is the one that is named. */
		for (size_t k = policy->allow_count; k-- > 0;) {
			if (!allow_matches(&policy->allows[k], finding))
				continue;
			rules->allowed[k]++;
			finding->allow = &policy->allows[k];
		}
	}
	return &rules->findings;
}

uint64_t rules_unsure(const struct rules *rules, const struct policy_rule *named)
{
	for (size_t i = 0; i < rules->run_count; i++)
		if (rules->runs[i].policy == named)
			return rules->runs[i].unsure;
	return 0;
}

uint64_t rules_allowed(const struct rules *rules, size_t index)
{
	return rules->allowed[index];
}
