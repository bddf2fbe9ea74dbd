/*
 * leaked-mapping: what a call site mapped and nobody had unmapped when the process ended.
 *
 * What libc keeps for its own use is none: the heap that it grows by brk, arenas that it reserves, stacks that
 * it keeps for the next thread, what the loader mapped. A block that malloc mapped for a program that did not
 * free it is one, and the program's call site is named.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "call_table.h"
#include "quantity.h"
#include "rules.h"
#include "vmatrace/trace_format.h"

/* The program asked for that memory. */
static bool was_asked_for(const struct rules_source *source, const struct event *event)
{
	/* The recorder's first malloc makes the program's heap. */
	if (event->flags & VMAT_EVENT_INTERNAL)
		return false;
	switch (source->creator(source->context, event)) {
	case CREATOR_PROGRAM:
		return true;
	case CREATOR_MALLOC: /* a block of its own, no arena and no heap */
		return call_effect(event->call) == EFFECT_MAPS && event->args[2] & PROT_WRITE;
	case CREATOR_UNKNOWN: /* made by nobody known: the program's if it is not the runtime's */
		return !source->owner(source->context, event).runtime;
	default:
		return false;
	}
}

/* First the sum of each site, then a finding for each that is large enough. */
static void process_end(struct rule_run *run, const struct walk *walk)
{
	const struct rules_source *source = run->process->source;
	const struct vma_map *map = walk_map(walk);
	struct number_table sums = { 0 };

	for (unsigned pass = 0; pass < 2; pass++) {
		for (const struct vma_run *vma = vma_map_at(map, 0); vma;
		     vma = vma_map_next(map, vma)) {
			struct finding *finding;
			struct event event;
			uint64_t *sum;

			if (vma->internal || vma->created_by >= SEQ_IN_FLIGHT ||
			    !source->event(source->context, vma->created_by, &event) ||
			    !was_asked_for(source, &event))
				continue;
			sum = number_table_at(&sums, source->site(source->context, &event));
			if (!sum) {
				rule_out_of_memory(run);
				break;
			}
			if (pass == 0)
				*sum += vma->end - vma->start;
			if (pass == 0 || *sum < run->settings->at_least || !*sum)
				continue;
			finding = rule_report(run, &event, "");
			if (!finding)
				break;
			finding_set_vma(run, finding, vma, map);
			finding->amount += vma->end - vma->start;
		}
	}
	number_table_release(&sums);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	snprintf(text, bytes, "%s mapped and never unmapped",
	         quantity_text(size, sizeof(size), finding->amount));
}

static const struct rule_setting settings[] = {
	{ "at_least", SETTING_BYTES, false, offsetof(struct rule_settings, at_least) },
	{ 0 },
};

const struct rule rule_leaked_mapping = {
	.name = "leaked-mapping",
	.short_name = "leak",
	.means = "Memory that this call site mapped was still mapped when the process ended.",
	.fix = "Unmap it where its owner is done with it; what is meant to live as long as the "
	       "process is allowed by function.",
	.settings = settings,
	.at_end = true,
	.process_end = process_end,
	.say = say,
};
