/*
 * fixed-clobber: a call with a fixed address (MAP_FIXED, MREMAP_FIXED, SHM_REMAP) that replaced live memory of
 * somebody else. It succeeds in silence; what was there is gone.
 *
 * Not somebody else's is
 *   - a reservation: PROT_NONE memory holds nothing, and is made to be mapped over;
 *   - what the same place in the program mapped (the frame shown as call site, by return address);
 *   - what libc and the loader do among themselves: malloc gives back the end of an arena that way, the loader
 *     lays a library's segments over the range it took first;
 *   - memory given back: the module that mapped it puts PROT_NONE in its place.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "call_table.h"
#include "pages.h"
#include "quantity.h"
#include "rules.h"

static bool has_fixed_address(const struct event *event, const struct touch *touch, size_t range)
{
	static const bool maps[EFFECT_COUNT] = {
		[EFFECT_MAPS] = true,
		[EFFECT_ATTACHES] = true,
		[EFFECT_MOVES] = true,
	};
	enum call_effect effect = call_effect(event->call);

	if (!maps[effect] || touch->roles[range] != TOUCH_REPLACES)
		return false;
	/* An mremap where it was replaces its own. */
	return effect != EFFECT_MOVES || (range == 1 && event->args[3] & MREMAP_FIXED);
}

static bool same_module(const struct call_owner *a, const struct call_owner *b)
{
	return a->module && b->module && strcmp(a->module, b->module) == 0;
}

/* True if the call may do that to what `victim` mapped. */
static bool may_replace(const struct rules_source *source, const struct event *event,
                        const struct event *victim)
{
	struct call_owner by = source->owner(source->context, event);
	struct call_owner of = source->owner(source->context, victim);
	bool gives_back = call_effect(event->call) == EFFECT_MAPS && event->args[2] == PROT_NONE;

	if (by.runtime || of.runtime)
		return by.runtime && of.runtime;
	return (by.place && by.place == of.place) || (gives_back && same_module(&by, &of));
}

static void noted(struct rule_run *run, const struct event *event, const struct rule_note *note)
{
	const struct rules_source *source = run->process->source;
	struct finding *finding;
	struct event victim;
	bool known = note->author < SEQ_IN_FLIGHT &&
	             source->event(source->context, note->author, &victim);
	char text[256];

	if (known && may_replace(source, event, &victim))
		return;
	/*
	 * Whoever mapped it: the loader may replace what it mapped before it could be watched, and of what a fork
	 * child has from its parent it is not known whose it was.
	 */
	if (!known && (run->process->inherits || source->owner(source->context, event).runtime))
		return;
	finding = rule_report(run, event, "");
	if (!finding)
		return;
	finding_set_noted(run, finding, note);
	finding->amount += note->end - note->start;
	if (finding->note)
		return;
	finding->note =
		strdup(known ? rule_spell_call(run, &victim, text, sizeof(text))
	                     : "somebody before recording began, or by no call that was recorded");
}

static void before(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	const struct vma_map *map = walk_map(walk);
	struct touch touch;

	if (event->failed || event->in_flight)
		return;
	event_touch(event, run->process->page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		const struct page_range *range = &touch.ranges[i];

		if (!has_fixed_address(event, &touch, i))
			continue;
		for (const struct vma_run *vma = vma_map_at(map, range->start);
		     vma && vma->start < range->end; vma = vma_map_next(map, vma)) {
			struct rule_note note;

			if (vma->internal || !(vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
				continue;
			note = rule_note_of_run(vma, map, range->start, range->end);
			rule_note(run, event, &note);
		}
	}
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	snprintf(text, bytes, "a fixed address replaced %s of live memory, mapped by %s",
	         quantity_text(size, sizeof(size), finding->amount),
	         finding->note ? finding->note : "?");
}

const struct rule rule_fixed_clobber = {
	.name = "fixed-clobber",
	.short_name = "clobber",
	.means = "A call with a fixed address replaced live memory that another call site had "
		 "mapped; what was in it is lost, and nobody was told.",
	.fix = "Use MAP_FIXED_NOREPLACE, which fails instead, or map only inside a PROT_NONE "
	       "reservation of your own.",
	.before = before,
	.noted = noted,
	.say = say,
};
