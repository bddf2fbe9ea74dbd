/*
 * replayed.c: an observer of one walk that keeps the few things that are rare.
 */
#include "replayed.h"

#include <stdlib.h>
#include <string.h>

#include "moment.h"

struct collector {
	struct replayed *replayed;
	const struct filter *filter;
	const struct trace *trace;
	struct symbols *symbols;
	struct makers makers;
	size_t placed; /* implicit changes whose snapshot is known */
	bool out_of_memory;
};

/* Room for one more in an array that doubles, or NULL. */
static void *append(struct collector *collector, void **items, size_t *count, size_t size)
{
	if ((*count & (*count - 1)) == 0) {
		void *grown = reallocarray(*items, *count ? 2 * *count : 1, size);

		if (!grown) {
			collector->out_of_memory = true;
			return NULL;
		}
		*items = grown;
	}
	return (char *)*items + (*count)++ * size;
}

static void add_seq(struct collector *collector, struct seq_list *list, uint64_t seq)
{
	uint64_t *item;

	/* One event makes many changes. */
	if (list->count && list->items[list->count - 1] == seq)
		return;
	item = append(collector, (void **)&list->items, &list->count, sizeof(*item));
	if (item)
		*item = seq;
}

/* What it looks like from outside: nobody knows by which call. */
static const char *what_happened(const struct vma_change *change)
{
	if (!change->mapped_before)
		return "create";
	if (!change->mapped_after)
		return "remove";
	return change->prot_before != change->prot_after ? "protect" : "replace";
}

static const char *cause_name(enum implicit_cause cause)
{
	const char *name = implicit_cause_name(cause);

	return name && *name ? name : "unexplained";
}

static void see_implicit(struct collector *collector, const struct vma_change *change)
{
	struct replayed *replayed = collector->replayed;
	/* It outlives the walk. */
	char *name = strdup(change->name ? change->name : "");
	struct replayed_implicit *implicit = append(collector, (void **)&replayed->implicit,
	                                            &replayed->implicit_count, sizeof(*implicit));

	if (!implicit || !name) {
		collector->out_of_memory = true;
		replayed->implicit_count -= implicit != NULL;
		free(name);
		return;
	}
	*implicit = (struct replayed_implicit){
		.change = {
			.event = *change->event,
			.start = change->start,
			.end = change->end,
			.since_seq = change->since ? change->since->begin : 0,
			.since_ns = change->since ? change->since->time_ns : 0,
			.prot = change->mapped_after ? change->prot_after : change->prot_before,
			.what = what_happened(change),
			.name = name,
			.cause = cause_name(change->cause),
		},
		.kind = change_vma_kind(collector->trace, collector->symbols, &collector->makers, change),
		.cause = change->cause < CAUSE_COUNT ? change->cause : CAUSE_UNEXPLAINED,
	};
}

static void see_change(void *context, const struct vma_change *change)
{
	struct collector *collector = context;

	if (!change->event)
		return;
	if (change->event->call == CALL_IMPLICIT)
		see_implicit(collector, change);
	else if (collector->filter && collector->filter->kinds.count &&
	         filter_takes_kind(collector->filter, vma_kind_name(change_vma_kind(
							      collector->trace, collector->symbols,
							      &collector->makers, change))))
		add_seq(collector, &collector->replayed->of_kind, change->event->seq);
}

static bool see_event(void *context, const struct walk *walk, const struct event *event)
{
	struct collector *collector = context;

	(void)walk;
	if (event->racy && event->call != CALL_IMPLICIT)
		add_seq(collector, &collector->replayed->racy, event->seq);
	return !collector->out_of_memory;
}

/* The changes since the last one were seen in this snapshot. */
static void see_checkpoint(void *context, const struct walk *walk,
                           const struct checkpoint *checkpoint)
{
	struct collector *collector = context;
	struct replayed *replayed = collector->replayed;

	(void)walk;
	for (; collector->placed < replayed->implicit_count; collector->placed++)
		replayed->implicit[collector->placed].position = checkpoint->snapshot->end;
}

static int compare_seqs(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;

	return (*a > *b) - (*a < *b);
}

static void sort_seqs(struct seq_list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_seqs);
}

static bool in_list(const struct seq_list *list, uint64_t seq)
{
	return list->count &&
	       bsearch(&seq, list->items, list->count, sizeof(*list->items), compare_seqs);
}

bool replayed_fill(struct replayed *replayed, struct trace *trace, struct symbols *symbols,
                   const struct filter *filter, bool quiet)
{
	struct collector collector = {
		.replayed = replayed,
		.filter = filter,
		.trace = trace,
		.symbols = symbols,
	};
	const struct walk_observer observer = {
		.context = &collector,
		.change = see_change,
		.after = see_event,
		.checkpoint = see_checkpoint,
	};
	struct walk_input input;
	enum walk_status status;
	struct walk *walk;

	*replayed = (struct replayed) { 0 };
	if (!trace_walk_input(trace, &input))
		return false;
	walk = walk_new(&input);
	if (!walk)
		return false;
	status = walk_run(walk, &observer);
	replayed->totals = *walk_totals(walk);
	replayed->has_base = status != WALK_NO_BASE;
	walk_free(walk);
	makers_release(&collector.makers);
	if (status == WALK_NO_MEMORY || collector.out_of_memory)
		return false;
	if (status == WALK_NO_BASE && !quiet)
		complain(0, "'%s' has no snapshot to replay from: implicit changes are not known",
		         trace_path(trace));
	/* An implicit change whose snapshot the walk did not report stands at the end. */
	for (; collector.placed < replayed->implicit_count; collector.placed++)
		replayed->implicit[collector.placed].position = UINT64_MAX;
	sort_seqs(&replayed->racy);
	sort_seqs(&replayed->of_kind);
	return true;
}

void replayed_release(struct replayed *replayed)
{
	for (size_t i = 0; i < replayed->implicit_count; i++)
		free((char *)(uintptr_t)replayed->implicit[i].change.name);
	free(replayed->implicit);
	free(replayed->racy.items);
	free(replayed->of_kind.items);
	*replayed = (struct replayed) { 0 };
}

bool replayed_is_racy(const struct replayed *replayed, uint64_t seq)
{
	return in_list(&replayed->racy, seq);
}

bool replayed_has_kind(const struct replayed *replayed, uint64_t seq)
{
	return in_list(&replayed->of_kind, seq);
}
