/*
 * wx-mapping: memory that may be written and executed at once. Whoever can make the program write there can
 * make it run what was written.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "quantity.h"
#include "rules.h"

static bool is_wx(uint8_t prot)
{
	return prot & PROT_WRITE && prot & PROT_EXEC;
}

/* Changes that give memory its rights; the others leave them as they were. */
static bool gives_rights(enum change_kind kind)
{
	static const bool gives[CHANGE_COUNT] = {
		[CHANGE_CREATE] = true, [CHANGE_REPLACE] = true, [CHANGE_GROW] = true,
		[CHANGE_MERGE] = true,  [CHANGE_PROTECT] = true, [CHANGE_IMPLICIT] = true,
	};

	return kind < CHANGE_COUNT && gives[kind];
}

static void found(struct rule_run *run, struct finding *finding, uint64_t bytes)
{
	if (finding && finding->amount < bytes)
		finding->amount = bytes;
	(void)run;
}

static void change(struct rule_run *run, const struct vma_change *change)
{
	struct finding *finding;

	if (!gives_rights(change->kind) || !change->mapped_after || !is_wx(change->prot_after))
		return;
	finding = rule_report(run, change->event, "");
	if (finding)
		finding_set_change(run, finding, change);
	found(run, finding, change->end - change->start);
}

/*
 * What the loader or the kernel mapped so before recording began. What a fork child has from its parent was
 * found there, with the call that made it.
 */
static void checkpoint(struct rule_run *run, const struct walk *walk,
                       const struct checkpoint *checkpoint)
{
	const struct vma_map *map = walk_map(walk);

	if (!checkpoint->is_base || run->process->inherits)
		return;
	for (const struct vma_run *vma = vma_map_at(map, 0); vma; vma = vma_map_next(map, vma)) {
		struct finding *finding;

		if (vma->internal || !is_wx(vma->prot))
			continue;
		finding = rule_report(run, NULL, vma_map_object_name(map, vma->object));
		if (finding)
			finding_set_vma(run, finding, vma, map);
		found(run, finding, vma->end - vma->start);
	}
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	char size[32];

	snprintf(text, bytes, "%s writable and executable at once%s",
	         quantity_text(size, sizeof(size), finding->amount),
	         finding->has_event ? "" : ", by no call that was recorded");
}

const struct rule rule_wx_mapping = {
	.name = "wx-mapping",
	.short_name = "rwx",
	.means = "Memory was writable and executable at once: what can be written there can be "
		 "run.",
	.fix = "Map it writable, fill it, then make it executable and no longer writable; a JIT "
	       "that cannot is allowed by module and function.",
	.change = change,
	.checkpoint = checkpoint,
	.say = say,
};
