/*
 * write-then-exec: memory that was writable once and is made executable. That is how a JIT should do it, and
 * how code gets into a program that has none to make: whether it is meant, only the project knows.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "call_table.h"
#include "pages.h"
#include "quantity.h"
#include "rules.h"

struct state {
	struct finding *finding; /* that the last note went to */
};

/* Looked at while the map still shows what was there; the event's result is known already. */
static void before(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	const struct vma_map *map = walk_map(walk);
	const struct vma_run *vma;
	struct touch touch;
	bool more = false;

	if (call_effect(event->call) != EFFECT_PROTECTS || event->failed || event->in_flight ||
	    !(event->args[2] & PROT_EXEC))
		return;
	event_touch(event, run->process->page_bytes, &touch);
	if (!touch.count)
		return;
	for (vma = vma_map_at(map, touch.ranges[0].start); vma && vma->start < touch.ranges[0].end;
	     vma = vma_map_next(map, vma)) {
		struct rule_note note;

		if (!(vma->map_flags & RUN_WRITABLE_ONCE))
			continue;
		note = rule_note_of_run(vma, map, touch.ranges[0].start, touch.ranges[0].end);
		note.prot = event->args[2] & 7;
		note.more = more;
		more = true;
		rule_note(run, event, &note);
	}
}

/* However many VMAs it is about, a call counts once. */
static void noted(struct rule_run *run, const struct event *event, const struct rule_note *note)
{
	struct state *state = run->state;

	if (!note->more)
		state->finding = rule_report(run, event, "");
	if (!state->finding)
		return;
	finding_set_noted(run, state->finding, note);
	state->finding->amount += note->end - note->start;
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	snprintf(text, bytes, "%s made executable that had been writable before",
	         quantity_text(size, sizeof(size), finding->amount));
}

const struct rule rule_write_then_exec = {
	.name = "write-then-exec",
	.short_name = "exec",
	.means = "Memory that had been writable was made executable: code that was not on disk "
		 "may run.",
	.fix = "If the program makes code, allow the place that does; if it does not, find out who "
	       "filled that memory.",
	.wants_past = true,
	.state_bytes = sizeof(struct state),
	.before = before,
	.noted = noted,
	.say = say,
};
