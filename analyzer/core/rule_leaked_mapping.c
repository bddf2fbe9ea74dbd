/*
 * leaked-mapping: what a call site mapped and nobody had unmapped when the process ended.
 *
 * What libc keeps for its own use is none: the heap that it grows by brk, arenas that it reserves, stacks that
 * it keeps for the next thread, what the loader mapped. A block that malloc mapped for a program that did not
 * free it is one, and the program's call site is named.
 */
#include <stdio.h>
#include <stdlib.h>
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

/* What of one call site is left. */
struct left {
	uint64_t start; /* of the first of them */
	uint64_t vmas;
	uint64_t bytes;
};

struct lefts {
	struct left *items;
	size_t count;
	struct number_table by_site; /* places in it + 1 */
};

/* NULL: out of memory. */
static struct left *left_at(struct lefts *lefts, uint64_t site, const struct vma_run *vma)
{
	uint64_t *place = number_table_at(&lefts->by_site, site);
	struct left *grown = lefts->items;

	if (place && *place)
		return &lefts->items[*place - 1];
	if (place && (lefts->count & (lefts->count - 1)) == 0)
		grown = reallocarray(grown, lefts->count ? 2 * lefts->count : 1, sizeof(*grown));
	if (!place || !grown)
		return NULL;
	lefts->items = grown;
	grown[lefts->count] = (struct left) { .start = vma->start };
	*place = ++lefts->count;
	return &grown[lefts->count - 1];
}

/* False: out of memory. */
static bool sum_up(struct rule_run *run, const struct vma_map *map, struct lefts *lefts)
{
	const struct rules_source *source = run->process->source;

	for (const struct vma_run *vma = vma_map_at(map, 0); vma; vma = vma_map_next(map, vma)) {
		struct event event;
		struct left *left;

		if (vma->internal || vma->created_by >= SEQ_IN_FLIGHT ||
		    !source->event(source->context, vma->created_by, &event) ||
		    !was_asked_for(source, &event))
			continue;
		left = left_at(lefts, source->site(source->context, &event), vma);
		if (!left)
			return false;
		left->vmas++;
		left->bytes += vma->end - vma->start;
	}
	return true;
}

/* A finding for each site that has enough. */
static void process_end(struct rule_run *run, const struct walk *walk)
{
	const struct rules_source *source = run->process->source;
	const struct vma_map *map = walk_map(walk);
	struct lefts lefts = { 0 };

	if (!sum_up(run, map, &lefts))
		rule_out_of_memory(run);
	for (size_t i = 0; i < lefts.count; i++) {
		const struct left *left = &lefts.items[i];
		const struct vma_run *vma = vma_map_at(map, left->start);
		struct finding *finding;
		struct event event;

		/* Read once more, as there may be many sites; a live trace may have lost it meanwhile. */
		if (left->bytes < run->settings->at_least || !vma ||
		    !source->event(source->context, vma->created_by, &event))
			continue;
		finding = rule_report(run, &event, "");
		if (!finding)
			break;
		finding_set_vma(run, finding, vma, map);
		finding->count += left->vmas - 1;
		finding->amount += left->bytes;
	}
	free(lefts.items);
	number_table_release(&lefts.by_site);
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
