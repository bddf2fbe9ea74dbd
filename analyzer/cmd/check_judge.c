/*
 * check_judge: a walk through each process of the set with all rules watching, then the verdict.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "command.h"
#include "relay.h"
#include "symbols_lost.h"
#include "core/call_table.h"
#include "io/baseline_file.h"
#include "io/policy_file.h"
#include "io/trace_end.h"

/* How long check waits for processes that still run. */
enum { PATIENCE_MS = 1000, PAUSE_MS = 10 };

/* One run of check. */
struct judging {
	const struct common_options *common;
	const struct check_options *options;
	const struct policy *policy;
	struct rules *rules;
	struct relay *relay;
	struct baseline baseline;
	struct missing missing;
	struct check_roots roots;
	struct number_table pids;
	uint64_t processes;
	uint64_t images; /* of programs, one a trace: a process that executes another has several */
	uint64_t longest_ns;
	size_t running; /* processes that may do more */
	struct check_unjudged *unjudged;
	size_t unjudged_count;
	struct number_table file_ids; /* of the processes judged so far */
	size_t unseen;                /* that ended without a last snapshot */
	struct forked forked;         /* what those that are to come begin with */
	bool wants_forked;            /* a rule asks for it */
	size_t orphans;               /* fork children of whose beginning nothing is known */
	int status;
};

/* A process that somebody waited for has ended, whoever still maps its trace. */
static bool still_runs(const struct trace *trace, enum trace_live live)
{
	int status;

	return live == TRACE_RUNS ||
	       (live == TRACE_HELD && trace_control(trace)->state != VMAT_STATE_EXITED &&
	        !trace_end_status(trace, &status));
}

static int walk_process(struct judging *judging, struct trace *trace, struct answers *answers,
                        bool runs, struct untraced_look *look)
{
	const struct vmat_header *header = trace_header(trace);
	struct rules_process process = {
		.source = answers_source(answers),
		.exe = *header->exe ? header->exe : "unknown",
		.realtime_ns = header->realtime_ns,
		.number = judging->images,
		.inherits = header->from_fork &&
		            number_table_find(&judging->file_ids, header->parent_file_id),
		.runs = runs,
		.pid = header->pid,
		.page_bytes = header->page_bytes ? header->page_bytes : 4096,
	};
	const struct check_walk check = { judging->rules, judging->relay, &judging->forked, look };
	enum walk_status status;

	judging->orphans += header->from_fork && !forked_find(&judging->forked, header->file_id);
	status = check_walk(&check, trace, &process);
	if (status == WALK_NO_MEMORY || judging->forked.failed || rules_failed(judging->rules))
		return complain(STATUS_TRACE, "cannot judge '%s': out of memory",
		                trace_path(trace));
	if (status == WALK_NO_BASE)
		return complain(STATUS_TRACE, "cannot judge '%s': no snapshot survives in it",
		                trace_path(trace));
	return STATUS_FINE;
}

/* Each module that a chain of this process came through first: how it was compiled. */
static void ask_for_builds(struct baseline *baseline, struct symbols *symbols)
{
	for (size_t i = 0; i < baseline->now_modules.count; i++) {
		struct baseline_module *module = &baseline->now_modules.modules[i];

		if (!module->asked)
			module->asked =
				symbols_build(symbols, module->name, &module->build, &module->lost);
	}
}

/* A child's trace is younger than its parent's, and so comes later. */
static void expect_children(struct judging *judging, const struct trace_set *set, size_t index)
{
	for (size_t i = index + 1; judging->wants_forked && i < set->count; i++) {
		const struct trace_entry *child = &set->entries[i];

		if (child->forked_by == set->entries[index].file_id && child->forked_by)
			forked_expect(&judging->forked, child->file_id, child->parent_seen,
			              child->parent_head);
	}
}

static int judge_process(struct judging *judging, const struct trace_set *set, size_t index,
                         struct trace *trace, enum trace_live live)
{
	struct symbols *symbols = symbols_new(trace, &judging->common->symbols);
	struct answers *answers = symbols ? answers_new(trace, symbols) : NULL;
	bool runs = still_runs(trace, live);
	struct untraced_look look;
	uint64_t *pid;
	int status;

	expect_children(judging, set, index);
	untraced_begin(&look, &judging->missing.untraced, set, index);
	status = answers ? walk_process(judging, trace, answers, runs, &look)
	                 : complain(STATUS_TRACE, "out of memory");
	if (!untraced_end(&look, trace, live == TRACE_RUNS))
		judging->missing.failed = true;

	judging->running += runs;
	judging->unseen += !runs && trace_control(trace)->state < VMAT_STATE_EXITED;
	if (symbols)
		ask_for_builds(&judging->baseline, symbols);
	pid = number_table_at(&judging->pids, trace_header(trace)->pid);
	if (pid && number_table_at(&judging->file_ids, trace_header(trace)->file_id))
		judging->processes += !(*pid)++;
	else
		status = complain(STATUS_TRACE, "out of memory");
	missing_of_trace(&judging->missing, trace, live);
	symbols_lost_say(symbols, trace, judging->common);
	if (trace_counts(trace)->last_ns > judging->longest_ns)
		judging->longest_ns = trace_counts(trace)->last_ns;
	judging->images++;
	answers_free(answers);
	symbols_free(symbols);
	return status;
}

/*
 * A child that nobody waited for may be about to end: a moment's patience, once for all of them, keeps a verdict
 * from hanging on which of two is faster.
 */
static enum trace_live live_after_patience(const struct trace_entry *entry, unsigned *patience_ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	enum trace_live live = trace_live(entry->path, entry->pid);

	while (live != TRACE_OVER && *patience_ms >= PAUSE_MS) {
		nanosleep(&pause, NULL);
		*patience_ms -= PAUSE_MS;
		live = trace_live(entry->path, entry->pid);
	}
	return live;
}

static void judge_all(struct judging *judging, const struct trace_set *set)
{
	unsigned patience_ms = PATIENCE_MS;

	for (size_t i = 0; i < set->count; i++) {
		const struct trace_entry *entry = &set->entries[i];
		enum trace_live live = live_after_patience(entry, &patience_ms);
		struct trace *trace = trace_set_open(set, i);
		int status = trace ? judge_process(judging, set, i, trace, live) : STATUS_TRACE;

		judging->status = status > judging->status ? status : judging->status;
		trace_close(trace);
	}
	missing_of_set(&judging->missing, set);
	if (set->unreadable) {
		missing_add(&judging->missing, "%zu of the files are no readable traces",
		            set->unreadable);
		judging->status = STATUS_TRACE;
	}
}

static struct check_unjudged *add_unjudged(struct judging *judging, const struct rule *rule)
{
	struct check_unjudged *unjudged = &judging->unjudged[judging->unjudged_count++];

	unjudged->rule = rule;
	return unjudged;
}

/* What might have failed the verdict makes it incomplete. */
static void matters(struct judging *judging, const struct policy_rule *named,
                    struct check_unjudged *unjudged)
{
	unjudged->incomplete = named->level == LEVEL_ERROR;
	if (unjudged->incomplete)
		missing_add(&judging->missing, "%s was not judged: %s", named->rule->name,
		            unjudged->why);
}

/* Rules of the policy that had nothing to judge by. */
static void know_unjudged(struct judging *judging)
{
	const struct policy *policy = judging->policy;
	char lost[160];

	missing_names(&judging->baseline.now_modules, lost, sizeof(lost));
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *named = &policy->rules[i];
		struct check_unjudged *unjudged;

		if (named->level == LEVEL_OFF)
			continue;
		if (named->rule->at_end && judging->running) {
			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why),
			         "%zu process%s not ended: what %s is not left behind yet",
			         judging->running, judging->running == 1 ? " has" : "es have",
			         judging->running == 1 ? "it holds" : "they hold");
		}
		if (named->rule->wants_past && judging->orphans) {
			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why),
			         "what had been writable before the fork is not known of %zu fork "
			         "child%s: the trace of the parent is not judged here, or begins "
			         "later",
			         judging->orphans, judging->orphans == 1 ? "" : "ren");
			matters(judging, named, unjudged);
		}
		if (named->rule == &rule_unexplained && named->level == LEVEL_ERROR &&
		    judging->unseen) {
			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why),
			         "%zu process%s killed or left by _exit: what changed after the "
			         "last "
			         "look at the kernel's list is not known",
			         judging->unseen, judging->unseen == 1 ? " was" : "es were");
			matters(judging, named, unjudged);
		}
		if (rules_unsure(judging->rules, named)) {
			uint64_t calls = rules_unsure(judging->rules, named);

			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why),
			         "%" PRIu64
			         " call%s of %s whose callers are not all known: a stack "
			         "that is cut or was not taken, a function without a name",
			         calls, calls == 1 ? "" : "s",
			         call_name((uint16_t)named->settings.call));
			matters(judging, named, unjudged);
		}
		if (named->rule == &rule_new_call_site && !judging->options->baseline &&
		    !judging->options->write_baseline) {
			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why),
			         "no baseline was given (--baseline FILE)");
			matters(judging, named, unjudged);
		}
		if (named->rule == &rule_new_call_site && *lost) {
			unjudged = add_unjudged(judging, named->rule);
			snprintf(unjudged->why, sizeof(unjudged->why), "%s", lost);
			matters(judging, named, unjudged);
		}
	}
}

static void say_left_out(const struct judging *judging, const struct check_report *report)
{
	const struct check_format *format = judging->options->format;
	size_t left_out = format->left_out ? format->left_out(report) : 0;
	char text[128];

	if (left_out && !judging->common->quiet)
		complain(0, "%s: %s", format->name,
		         left_out_sentence(text, sizeof(text), left_out));
}

static int report(struct judging *judging, const struct trace_set *set)
{
	struct findings *findings = rules_finish(judging->rules);
	uint64_t *allowed = calloc(judging->policy->allow_count + 1, sizeof(*allowed));
	struct check_report report = {
		.policy = judging->policy,
		.policy_name = judging->options->policy,
		.findings = findings,
		.allowed = allowed,
		.baseline = judging->baseline.has_known ? &judging->baseline : NULL,
		.baseline_name = judging->options->baseline,
		.trace = set->name,
		.processes = judging->processes,
		.images = judging->images,
		.seconds = (double)judging->longest_ns / 1e9,
		.root = judging->roots.real,
		.root_spelled = judging->roots.spelled,
		.limit = judging->options->limit.given ? judging->options->limit.value : 10,
		.colored = judging->options->out == stdout && options_colored(judging->common),
	};
	int status;

	judging->unjudged = calloc(judging->policy->rule_count + 1, sizeof(*report.unjudged));
	if (judging->unjudged)
		know_unjudged(judging);
	report.unjudged = judging->unjudged;
	report.unjudged_count = judging->unjudged_count;
	report.incomplete = judging->missing.items;
	report.incomplete_count = judging->missing.count;
	if (!allowed || !judging->unjudged || judging->missing.failed ||
	    rules_failed(judging->rules)) {
		status = complain(STATUS_TRACE, "cannot judge '%s': out of memory", set->name);
	} else {
		for (size_t i = 0; i < judging->policy->allow_count; i++)
			allowed[i] = rules_allowed(judging->rules, i);
		report.verdict = verdict_of(judging->policy, findings, judging->missing.count);
		if (judging->status == STATUS_TRACE)
			report.verdict.kind = VERDICT_INCOMPLETE;
		judging->options->format->print(judging->options->out, &report);
		say_left_out(judging, &report);
		status = report.verdict.kind == VERDICT_PASS   ? STATUS_FINE
		         : report.verdict.kind == VERDICT_FAIL ? STATUS_FINDINGS
		                                               : STATUS_TRACE;
	}
	free(allowed);
	return status > judging->status ? status : judging->status;
}

static int write_baseline(struct judging *judging)
{
	char error[POLICY_ERROR_BYTES], lost[160];

	if (judging->status != STATUS_FINE)
		return judging->status;
	missing_names(&judging->baseline.now_modules, lost, sizeof(lost));
	if (*lost && !judging->common->quiet)
		complain(0, "incomplete: %s", lost);
	/* What is missing in the trace is missing in the baseline: said, and no reason not to write it. */
	for (size_t i = 0; i < judging->missing.count && !judging->common->quiet; i++)
		complain(0, "incomplete: %s", judging->missing.items[i]);
	if (!baseline_write(&judging->baseline, judging->options->write_baseline, error))
		return complain(STATUS_TRACE, "%s", error);
	if (!judging->common->quiet)
		complain(0, "wrote %zu call site%s to '%s'", judging->baseline.now.count,
		         judging->baseline.now.count == 1 ? "" : "s",
		         judging->options->write_baseline);
	return STATUS_FINE;
}

int check_judge(const struct trace_set *set, const struct common_options *common,
                const struct check_options *options, const struct policy *policy)
{
	static const struct policy nothing = { .incomplete = INCOMPLETE_IGNORE };
	bool judges = options->policy || !options->write_baseline;
	struct judging judging = {
		.common = common,
		.options = options,
		.policy = judges ? policy : &nothing,
	};
	int status = check_find_roots(&judging.roots, options->source_root);

	if (status == STATUS_FINE)
		status = check_load_baseline(&judging.baseline, options);
	if (status == STATUS_FINE) {
		bool census = options->baseline || options->write_baseline;

		judging.rules = rules_new(judging.policy, census ? &judging.baseline : NULL,
		                          options->internal);
		judging.relay = judging.rules ? check_relay_new(judging.rules) : NULL;
		if (!judging.relay)
			status = complain(STATUS_TRACE, "out of memory");
	}
	/* Comments in the place of rules are a mistake that a pass would hide. */
	if (status == STATUS_FINE && judges && !common->quiet && !policy_judges(policy))
		complain(0, "'%s' has no rule that is on: nothing is judged", options->policy);
	for (size_t i = 0; i < judging.policy->rule_count; i++)
		judging.wants_forked |= judging.policy->rules[i].level != LEVEL_OFF &&
		                        judging.policy->rules[i].rule->wants_past;
	if (status == STATUS_FINE) {
		judge_all(&judging, set);
		status = judges ? report(&judging, set) : judging.status;
		/* An accepted run is accepted with what was found in it; one that cannot be read is none. */
		if (options->write_baseline && judging.status == STATUS_FINE)
			status = write_baseline(&judging);
	}
	relay_free(judging.relay);
	rules_free(judging.rules);
	baseline_release(&judging.baseline);
	missing_release(&judging.missing);
	free(judging.unjudged);
	number_table_release(&judging.file_ids);
	number_table_release(&judging.pids);
	forked_release(&judging.forked);
	check_roots_release(&judging.roots);
	return status;
}
