/*
 * wx-mapping: memory that may be written and executed at once. Whoever can make the program write there can
 * make it run what was written; so, too, if it is writable by one mapping and executable by another.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "double_map.h"
#include "quantity.h"
#include "rules.h"

static bool is_wx(uint8_t prot)
{
	return prot & PROT_WRITE && prot & PROT_EXEC;
}

static void found(struct finding *finding, uint64_t bytes)
{
	if (finding && finding->amount < bytes)
		finding->amount = bytes;
}

/* "through two mappings, the other by mmap at main (app.c:12)"; who frees the finding frees it. */
static char *other_mapping(struct rule_run *run, uint64_t author)
{
	const struct rules_source *source = run->process->source;
	char call[512] = "no call that was recorded", text[600];
	struct event event;
	char *note;

	if (author < SEQ_IN_FLIGHT && source->event(source->context, author, &event))
		rule_spell_call(run, &event, call, sizeof(call));
	snprintf(text, sizeof(text), " through two mappings, the other by %s", call);
	note = strdup(text);
	if (!note)
		rule_out_of_memory(run);
	return note;
}

static void change(struct rule_run *run, const struct vma_change *change)
{
	struct double_map *doubles = run->state;
	struct page_range here, there;
	bool both = change_gives_rights(change->kind) && change->mapped_after &&
	            is_wx(change->prot_after);
	struct rule_note note;
	bool doubled;

	if (!double_map_see(doubles, change, &doubled, &here, &there)) {
		rule_out_of_memory(run);
		return;
	}
	if (!doubled && !both)
		return;
	note = rule_note_of_change(change);
	note.both = both;
	if (doubled) {
		const struct vma_run *other = vma_map_at(walk_map(doubles->walk), there.start);

		note.two_bytes = here.end - here.start;
		note.author = other ? other->created_by : CREATED_BEFORE;
	}
	rule_note(run, change->event, &note);
}

static void noted(struct rule_run *run, const struct event *event, const struct rule_note *note)
{
	struct finding *two = note->two_bytes ? rule_report(run, event, "two mappings") : NULL;
	struct finding *one = note->both ? rule_report(run, event, "") : NULL;

	finding_set_noted(run, two, note);
	found(two, note->two_bytes);
	if (two && !two->note)
		two->note = other_mapping(run, note->author);
	finding_set_noted(run, one, note);
	found(one, note->end - note->start);
}

/*
 * What the loader or the kernel mapped so before recording began. What a fork child has from its parent was
 * found there, with the call that made it.
 */
static void checkpoint(struct rule_run *run, const struct walk *walk,
                       const struct checkpoint *checkpoint)
{
	const struct vma_map *map = walk_map(walk);

	if (!checkpoint->is_base)
		return;
	if (!double_map_begin(run->state, walk))
		rule_out_of_memory(run);
	if (run->process->inherits)
		return;
	for (const struct vma_run *vma = vma_map_at(map, 0); vma; vma = vma_map_next(map, vma)) {
		struct finding *finding;

		if (vma->internal || !is_wx(vma->prot))
			continue;
		finding = rule_report(run, NULL, vma_map_object_name(map, vma->object));
		if (finding)
			finding_set_vma(run, finding, vma, map);
		found(finding, vma->end - vma->start);
	}
}

static void process_end(struct rule_run *run, const struct walk *walk)
{
	(void)walk;
	double_map_release(run->state);
}

static void release(struct rule_run *run)
{
	double_map_release(run->state);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	snprintf(text, bytes, "%s writable and executable at once%s%s",
	         quantity_text(size, sizeof(size), finding->amount),
	         finding->note ? finding->note : "",
	         finding->has_event ? "" : ", by no call that was recorded");
}

const struct rule rule_wx_mapping = {
	.name = "wx-mapping",
	.short_name = "rwx",
	.means = "Memory was writable and executable at once: what can be written there can be "
		 "run.",
	.fix = "Map it writable, fill it, then make it executable and no longer writable; a JIT "
	       "that cannot is allowed by module and function.",
	.state_bytes = sizeof(struct double_map),
	.change = change,
	.noted = noted,
	.checkpoint = checkpoint,
	.process_end = process_end,
	.release = release,
	.say = say,
};
