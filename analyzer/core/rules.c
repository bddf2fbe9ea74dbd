/*
 * rules.c: the table of rules, and what drives those that a policy names: each has a run with a state of its
 * own that lives through all processes.
 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "call_table.h"
#include "pages.h"
#include "vmatrace/trace_format.h"

static const struct rule *const table[] = {
	&rule_wx_mapping,     &rule_write_then_exec,
	&rule_max_vmas,       &rule_max_mapped,
	&rule_leaked_mapping, &rule_leaked_shm,
	&rule_shm_mode,       &rule_fixed_clobber,
	&rule_forbidden_call, &rule_failed_call,
	&rule_churn,          &rule_unexplained,
	&rule_new_call_site,  NULL,
};

const struct rule *const *rules_all(void)
{
	return table;
}

const struct rule *rule_named(const char *name)
{
	for (const struct rule *const *rule = table; *rule; rule++)
		if (strcmp((*rule)->name, name) == 0)
			return *rule;
	return NULL;
}

static uint64_t order_of(const struct rule *rule)
{
	uint64_t order = 0;

	while (table[order] && table[order] != rule)
		order++;
	return order;
}

struct rules {
	const struct policy *policy;
	struct rule_run *runs;
	size_t run_count;
	struct baseline *baseline;
	struct rule_run *new_sites; /* the run of new-call-site, NULL: not judged */
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
			.rules = rules,
			.state = calloc(1, named->rule->state_bytes + 1),
			.order = order_of(named->rule),
		};
		if (named->rule == &rule_new_call_site)
			rules->new_sites = run;
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

/* Each call of each site, for the baseline. */
static bool take_census(struct rules *rules, const struct event *event)
{
	const struct rules_source *source = rules->process.source;
	const struct finding_frame *frames;
	const struct baseline_site *site;
	uint64_t id, bytes = 0;
	struct touch touch;
	size_t count;
	bool is_new;

	if (event->in_flight || !call_is_about_memory(event->call))
		return true;
	id = source->site(source->context, event);
	if (!id)
		return true;
	count = source->frames(source->context, event, &frames);
	if (!event->failed && call_effect(event->call) == EFFECT_MAPS) {
		event_touch(event, rules->process.page_bytes, &touch);
		for (size_t i = 0; i < touch.count; i++)
			bytes += touch.ranges[i].end - touch.ranges[i].start;
	}
	site = baseline_add(rules->baseline, id, call_name(event->call), frames, count, bytes,
	                    &is_new);
	if (site && is_new && rules->new_sites)
		new_call_site_found(rules->new_sites, event, site);
	return site;
}

static bool see_after(void *context, const struct walk *walk, const struct event *event)
{
	struct rules *rules = context;

	if (is_own(rules, event))
		return !rules->failed;
	if (rules->baseline && !take_census(rules, event))
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

		if (run->policy->rule->process_end)
			run->policy->rule->process_end(run, walk);
		run->process = NULL;
	}
}

struct findings *rules_finish(struct rules *rules)
{
	const struct policy *policy = rules->policy;

	if (rules->baseline && !baseline_compare(rules->baseline))
		rules->failed = true;
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

uint64_t rules_allowed(const struct rules *rules, size_t index)
{
	return rules->allowed[index];
}

/* --- what rules are made of --------------------------------------------------------------------------- */

/* Where it is known to have been seen first: its call, else the program itself. */
static bool place_finding(struct rule_run *run, struct finding *finding, const struct event *event)
{
	const struct rules_process *process = run->process;
	const struct finding_frame *frames = NULL;
	struct finding_frame program = { .module = process->exe };
	size_t count = 0;

	finding->pid = process->pid;
	finding->process = process->number;
	if (event) {
		finding->has_event = event->call != CALL_IMPLICIT;
		finding->event = *event;
		count = process->source->frames(process->source->context, event, &frames);
	}
	return count ? finding_set_frames(finding, frames, count)
	             : finding_set_frames(finding, &program, 1);
}

static struct finding *report(struct rule_run *run, const struct event *event, uint64_t site,
                              const char *detail)
{
	bool fresh;
	struct finding *finding =
		findings_at(&run->rules->findings, run->policy, run->order, site, detail, &fresh);

	if (!finding || (fresh && !place_finding(run, finding, event))) {
		rule_out_of_memory(run);
		return NULL;
	}
	finding->count++;
	if (finding->count == 1 || finding->last_process != run->process->number)
		finding->processes++;
	finding->last_process = run->process->number;
	return finding;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct finding *rule_report(struct rule_run *run, const struct event *event, const char *detail)
{
	const struct rules_source *source = run->process->source;
	uint64_t site = event ? source->site(source->context, event) : 0;
	char program[512];

	if (site)
		return report(run, event, site, detail);
	/* What no call site made is the program's. */
	snprintf(program, sizeof(program), "%s %s", base_name(run->process->exe), detail);
	return report(run, event, 0, program);
}

struct finding *rule_report_program(struct rule_run *run, const struct event *event,
                                    const char *detail)
{
	return report(run, event, 0, detail);
}

static void set_vma(struct rule_run *run, struct finding *finding, uint64_t start, uint64_t end,
                    uint8_t prot, bool shared, const char *name)
{
	if (!finding || finding->has_vma)
		return;
	finding->name = strdup(name);
	if (!finding->name) {
		rule_out_of_memory(run);
		return;
	}
	finding->has_vma = true;
	finding->start = start;
	finding->end = end;
	finding->prot = prot;
	finding->shared = shared;
}

void finding_set_vma(struct rule_run *run, struct finding *finding, const struct vma_run *vma,
                     const struct vma_map *map)
{
	set_vma(run, finding, vma->start, vma->end, vma->prot, vma->shared,
	        vma_map_object_name(map, vma->object));
}

void finding_set_change(struct rule_run *run, struct finding *finding,
                        const struct vma_change *change)
{
	set_vma(run, finding, change->start, change->end,
	        change->mapped_after ? change->prot_after : change->prot_before, change->shared,
	        change->name);
}

char *rule_spell_call(struct rule_run *run, const struct event *event, char *text, size_t bytes)
{
	const struct rules_source *source = run->process->source;
	const struct finding_frame *frames;
	size_t count = source->frames(source->context, event, &frames);
	size_t at = 0;
	const char *slash;

	while (at < count && frames[at].runtime)
		at++;
	if (at == count)
		at = 0;
	if (!count) {
		snprintf(text, bytes, "%s", call_name(event->call));
		return text;
	}
	slash = frames[at].module ? strrchr(frames[at].module, '/') : NULL;
	if (frames[at].function && frames[at].file && frames[at].line)
		snprintf(text, bytes, "%s at %s (%s:%u)", call_name(event->call),
		         frames[at].function, frames[at].file, frames[at].line);
	else
		snprintf(text, bytes, "%s at %s (%s)", call_name(event->call),
		         frames[at].function ? frames[at].function : "?",
		         slash               ? slash + 1
		         : frames[at].module ? frames[at].module
		                             : "?");
	return text;
}

const char *error_name(int error)
{
	return error > 0 ? strerrorname_np(error) : NULL;
}

bool call_is_about_memory(uint16_t call)
{
	/* A shell that looks for a program along PATH fails until it finds it. */
	static const uint16_t others[] = { CALL_EXECVE, CALL_POSIX_SPAWN, CALL_MARK,
		                           CALL_IMPLICIT };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] == call)
			return false;
	return call_describe(call) != NULL;
}
