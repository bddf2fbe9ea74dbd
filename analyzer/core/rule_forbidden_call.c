/*
 * forbidden-call: a call that the policy does not want from some module or function.
 */
#include <stdio.h>

#include "call_table.h"
#include "glob.h"
#include "rules.h"
#include "vmatrace/trace_format.h"

/*
 * One frame must match both globs. Frames of the runtime do not count, else "lib*" would mean every program:
 * main() is called by libc. Of a stack that is all runtime the innermost frame counts.
 */
static bool is_forbidden(const struct rule_run *run, const struct event *event)
{
	const struct rules_source *source = run->process->source;
	const char *module = run->settings->module ? run->settings->module : "*";
	const char *function = run->settings->function ? run->settings->function : "*";
	const struct finding_frame *frames;
	size_t count = source->frames(source->context, event, &frames);
	bool program = false;

	for (size_t i = 0; i < count; i++) {
		if (frames[i].runtime)
			continue;
		program = true;
		if (glob_matches_path(module, frames[i].module) &&
		    glob_matches(function, frames[i].function))
			return true;
	}
	if (!count)
		return glob_matches(module, NULL) && glob_matches(function, NULL);
	return !program && glob_matches_path(module, frames[0].module) &&
	       glob_matches(function, frames[0].function);
}

/*
 * It might be forbidden all the same: by a frame that the stack lacks, or a function without a name. Before the
 * unwinder is loaded only the runtime calls.
 */
static bool might_be_forbidden(const struct rule_run *run, const struct event *event)
{
	const struct rules_source *source = run->process->source;
	const char *module = run->settings->module ? run->settings->module : "*";
	const struct finding_frame *frames;
	size_t count = source->frames(source->context, event, &frames);

	if (event->flags & VMAT_EVENT_EARLY)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!frames[i].runtime && !frames[i].function &&
		    (!frames[i].module || glob_matches_path(module, frames[i].module)))
			return true;
	return !count || event->flags & (VMAT_EVENT_STACK_TRUNCATED | VMAT_EVENT_STACK_UNKNOWN);
}

static void after(struct rule_run *run, const struct event *event)
{
	if (event->call != run->settings->call)
		return;
	if (is_forbidden(run, event))
		rule_report(run, event, "");
	else
		run->unsure += might_be_forbidden(run, event);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	snprintf(text, bytes, "call of %s, which the policy forbids here%s",
	         call_name((uint16_t)finding->policy->settings.call),
	         finding->event.failed ? " (it failed)" : "");
}

static const struct rule_setting settings[] = {
	{ "call", SETTING_CALL, true, offsetof(struct rule_settings, call) },
	{ "module", SETTING_GLOB, false, offsetof(struct rule_settings, module) },
	{ "function", SETTING_GLOB, false, offsetof(struct rule_settings, function) },
	{ 0 },
};

const struct rule rule_forbidden_call = {
	.name = "forbidden-call",
	.short_name = "call",
	.means = "A call that the policy forbids in this module and function was made.",
	.fix = "Make the call elsewhere, or narrow the globs of the policy.",
	.settings = settings,
	.repeats = true,
	.after = after,
	.say = say,
};
