/*
 * failed-call: calls about memory that failed, a finding for each call site and error.
 */
#include <stdio.h>

#include "call_table.h"
#include "rules.h"

static void after(struct rule_run *run, const struct event *event)
{
	struct finding *finding;
	char detail[16];

	if (!event->failed || event->in_flight || !call_is_about_memory(event->call))
		return;
	snprintf(detail, sizeof(detail), "%d", event->error);
	finding = rule_report(run, event, detail);
	if (finding)
		finding->amount = finding->count;
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	const char *name = error_name(finding->event.error);

	if (name)
		snprintf(text, bytes, "%s failed with %s", call_name(finding->event.call), name);
	else
		snprintf(text, bytes, "%s failed with error %d", call_name(finding->event.call),
		         finding->event.error);
}

const struct rule rule_failed_call = {
	.name = "failed-call",
	.short_name = "failed",
	.means = "A call that maps, protects or names memory failed.",
	.fix = "Look at the call with `vmatrace events --failed`: its arguments and errno say why; "
	       "ENOMEM with memory free means too many VMAs or a limit.",
	.after = after,
	.say = say,
};
