/*
 * rules.c: what drives the rules that a policy names, whatever they are: each has a run with a state of its own
 * that lives through all processes.
 */
#include "rules.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "altered.h"
#include "baseline.h"
#include "census.h"
#include "vmatrace/trace_format.h"

/* Runs of the rules that want to know of something; NULL ends them. */
struct listeners {
	struct rule_run **before;
	struct rule_run **change;
	struct rule_run **passed;
	struct rule_run **after;
};

struct rules {
	const struct policy *policy;
	struct rule_run *runs;
	size_t run_count;
	struct rule_run **listening; /* all lists of them, one behind the other */
	struct listeners who;
	struct baseline *baseline;
	bool internal;
	atomic_bool failed; /* on either side of the relay */
	struct rules_process process;
	struct rules_item at_once; /* where there is no relay */
	const struct walk *walk;
	uint64_t *allowed; /* beside policy->allows */
	struct findings findings;
};

void rule_out_of_memory(struct rule_run *run)
{
	atomic_store_explicit(&run->rules->failed, true, memory_order_relaxed);
}

/* The list at *next, which is set behind it. */
static struct rule_run **list(struct rules *rules, struct rule_run ***next,
                              bool (*wants)(const struct rule *rule))
{
	struct rule_run **first = *next;

	for (size_t i = 0; i < rules->run_count; i++)
		if (wants(rules->runs[i].policy->rule))
			*(*next)++ = &rules->runs[i];
	*(*next)++ = NULL;
	return first;
}

static bool wants_before(const struct rule *rule)
{
	return rule->before;
}

static bool wants_change(const struct rule *rule)
{
	return rule->change;
}

static bool wants_passed(const struct rule *rule)
{
	return rule->passed;
}

static bool wants_after(const struct rule *rule)
{
	return rule->after;
}

/* Ten million times over it would take its time to find out who is not interested. */
static bool list_all(struct rules *rules)
{
	struct rule_run **next = calloc(4 * (rules->run_count + 1), sizeof(struct rule_run *));

	rules->listening = next;
	if (!next)
		return false;
	rules->who.before = list(rules, &next, wants_before);
	rules->who.change = list(rules, &next, wants_change);
	rules->who.passed = list(rules, &next, wants_passed);
	rules->who.after = list(rules, &next, wants_after);
	return true;
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
	if (!list_all(rules)) {
		rules_free(rules);
		return NULL;
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
	free(rules->listening);
	free(rules->runs);
	free(rules);
}

bool rules_failed(const struct rules *rules)
{
	return atomic_load_explicit(&rules->failed, memory_order_relaxed);
}

/* --- behind the walk ---------------------------------------------------------------------------------- */

void rules_take(struct rules *rules, const struct rules_item *item)
{
	if (item->run) {
		item->run->policy->rule->noted(item->run, &item->event, &item->note);
		return;
	}
	if (rules->baseline && !census_take(rules->baseline, &rules->process, &item->event))
		atomic_store_explicit(&rules->failed, true, memory_order_relaxed);
	for (struct rule_run **run = rules->who.after; *run; run++)
		(*run)->policy->rule->after(*run, &item->event);
}

void rules_expect(const struct rules *rules, const struct rules_item *item)
{
	const struct rules_source *source = rules->process.source;

	if (source->expect && !item->run)
		source->expect(source->context, &item->event);
}

/* --- the walk ----------------------------------------------------------------------------------------- */

static struct rules_item *room(struct rules *rules)
{
	const struct rules_relay *relay = rules->process.relay;

	return relay ? relay->room(relay->context) : &rules->at_once;
}

static void give(struct rules *rules)
{
	const struct rules_relay *relay = rules->process.relay;

	if (relay)
		relay->give(relay->context);
	else
		rules_take(rules, &rules->at_once);
}

static void drain(const struct rules *rules)
{
	const struct rules_relay *relay = rules->process.relay;

	if (relay)
		relay->drain(relay->context);
}

void rule_note(struct rule_run *run, const struct event *event, const struct rule_note *note)
{
	struct rules_item *item = room(run->rules);

	item->event = *event;
	item->run = run;
	item->note = *note;
	give(run->rules);
}

void rule_catch_up(struct rule_run *run)
{
	drain(run->rules);
}

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
	if (!is_own(rules, event)) {
		for (struct rule_run **run = rules->who.before; *run; run++)
			(*run)->policy->rule->before(*run, walk, event);
	}
	return !rules_failed(rules);
}

static void see_change(void *context, const struct vma_change *change)
{
	struct rules *rules = context;

	if (!rules->internal && (is_own(rules, change->event) || change->cause == CAUSE_TRACER)) {
		know_own(rules, rules->walk);
		return;
	}
	for (struct rule_run **run = rules->who.change; *run; run++)
		(*run)->policy->rule->change(*run, change);
}

static bool see_after(void *context, const struct walk *walk, const struct event *event)
{
	struct rules *rules = context;

	if (is_own(rules, event))
		return !rules_failed(rules);
	if (rules->baseline || *rules->who.after) {
		struct rules_item *item = room(rules);

		item->event = *event;
		item->run = NULL;
		give(rules);
	}
	for (struct rule_run **run = rules->who.passed; *run; run++)
		(*run)->policy->rule->passed(*run, walk);
	return !rules_failed(rules);
}

static void see_checkpoint(void *context, const struct walk *walk,
                           const struct checkpoint *checkpoint)
{
	struct rules *rules = context;

	rules->walk = walk;
	drain(rules);
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
	drain(rules);
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
