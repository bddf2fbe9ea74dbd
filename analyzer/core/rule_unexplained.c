/*
 * unexplained: changes of the address space that a snapshot of the kernel's list showed and no recorded call
 * made, and calls that cannot have done what they say because one before them is missing. The other rules are
 * as good as what they are told; this one says when that was not everything.
 */
#include <stdio.h>
#include <string.h>

#include "quantity.h"
#include "rules.h"

static void change(struct rule_run *run, const struct vma_change *change)
{
	const struct rule_note note = rule_note_of_change(change);

	if (change->event->call == CALL_IMPLICIT && change->cause == CAUSE_UNEXPLAINED)
		rule_note(run, change->event, &note);
}

static void noted(struct rule_run *run, const struct event *event, const struct rule_note *note)
{
	struct finding *finding = rule_report(run, event, "change");

	if (!finding)
		return;
	finding_set_noted(run, finding, note);
	finding->amount += note->end - note->start;
}

static void process_end(struct rule_run *run, const struct walk *walk)
{
	uint64_t impossible = walk_totals(walk)->impossible;
	struct finding *finding;

	if (!impossible)
		return;
	finding = rule_report(run, NULL, "impossible");
	if (!finding)
		return;
	finding->limit = impossible;
	finding->count += impossible - 1;
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	if (finding->limit)
		snprintf(text, bytes,
		         "%llu calls cannot have done what they say: a call before them is missing",
		         (unsigned long long)finding->count);
	else
		snprintf(text, bytes, "%llu change%s of %s that no recorded call made",
		         (unsigned long long)finding->count, finding->count == 1 ? "" : "s",
		         quantity_text(size, sizeof(size), finding->amount));
}

const struct rule rule_unexplained = {
	.name = "unexplained",
	.means =
		"The address space changed without a call that was recorded: by a system call made "
		"without libc, by a driver, by a debugger.",
	.fix = "Look at `vmatrace verify` and `vmatrace events --call implicit`; with wrappers "
	       "only, "
	       "record with the site layer.",
	.change = change,
	.noted = noted,
	.process_end = process_end,
	.say = say,
};
