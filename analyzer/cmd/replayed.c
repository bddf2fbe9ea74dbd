/*
 * replayed.c: an observer of one walk that keeps the few things that are rare.
 */
#include "replayed.h"

#include <stdlib.h>
#include <string.h>

#include "moment.h"

enum { RACY = 1, OF_KIND = 2 };

/* The walk. */
struct collector {
	struct replayed *replayed;
	struct makers makers;
	uint64_t events;
	uint64_t known; /* told now and then */
};

static void mark(struct collector *collector, uint64_t seq, unsigned mark)
{
	struct event_bytes *marks = &collector->replayed->marks;

	if (!event_bytes_set(marks, seq, (uint8_t)(event_bytes_get(marks, seq) | mark)))
		collector->replayed->failed = true;
}

static void tell(struct replayed *replayed, uint64_t known)
{
	pthread_mutex_lock(&replayed->lock);
	replayed->known = known;
	pthread_cond_signal(&replayed->more);
	pthread_mutex_unlock(&replayed->lock);
}

/* Room for one more, NULL: out of memory. */
static struct replayed_implicit *append(struct replayed *replayed)
{
	size_t count = replayed->implicit_count;

	if ((count & (count - 1)) == 0) {
		struct replayed_implicit *grown =
			reallocarray(replayed->implicit, count ? 2 * count : 1, sizeof(*grown));

		if (!grown)
			return NULL;
		replayed->implicit = grown;
	}
	replayed->implicit_count++;
	return &replayed->implicit[count];
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
	char *name = strdup(change->name ? change->name : ""); /* it outlives the walk */
	struct replayed_implicit implicit = {
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
		.kind = change_vma_kind(replayed->trace, replayed->symbols, &collector->makers, change),
		.cause = change->cause < CAUSE_COUNT ? change->cause : CAUSE_UNEXPLAINED,
	};
	struct replayed_implicit *room;

	pthread_mutex_lock(&replayed->lock);
	room = name ? append(replayed) : NULL;
	if (room)
		*room = implicit;
	pthread_mutex_unlock(&replayed->lock);
	if (!room) {
		free(name);
		replayed->failed = true;
	}
}

static void see_change(void *context, const struct vma_change *change)
{
	struct collector *collector = context;
	struct replayed *replayed = collector->replayed;

	if (!change->event)
		return;
	if (change->event->call == CALL_IMPLICIT)
		see_implicit(collector, change);
	else if (replayed->filter && replayed->filter->kinds.count &&
	         filter_takes_kind(replayed->filter,
	                           vma_kind_name(change_vma_kind(replayed->trace, replayed->symbols,
	                                                         &collector->makers, change))))
		mark(collector, change->event->seq, OF_KIND);
}

/*
 * The walk goes by keys (order.h): of an event between 2 enter and 2 exit + 1. So behind this one nothing comes whose
 * number is below its `enter`.
 */
static bool see_event(void *context, const struct walk *walk, const struct event *event)
{
	enum { TELL_EVERY = 1024 };
	struct collector *collector = context;
	struct replayed *replayed = collector->replayed;

	(void)walk;
	if (event->racy && event->call != CALL_IMPLICIT)
		mark(collector, event->seq, RACY);
	if (event->enter > collector->known)
		collector->known = event->enter;
	if (++collector->events % TELL_EVERY == 0)
		tell(replayed, collector->known);
	return !replayed->failed &&
	       !atomic_load_explicit(&replayed->given_up, memory_order_relaxed);
}

/* Of all implicit changes so far. */
static void place(struct replayed *replayed, uint64_t position)
{
	pthread_mutex_lock(&replayed->lock);
	for (; replayed->placed < replayed->implicit_count; replayed->placed++)
		replayed->implicit[replayed->placed].position = position;
	pthread_mutex_unlock(&replayed->lock);
}

/* The changes since the last one were seen in this snapshot. */
static void see_checkpoint(void *context, const struct walk *walk,
                           const struct checkpoint *checkpoint)
{
	struct collector *collector = context;

	(void)walk;
	place(collector->replayed, checkpoint->snapshot->end);
}

static void *replay(void *self)
{
	struct replayed *replayed = self;
	struct collector collector = { .replayed = replayed };
	const struct walk_observer observer = {
		.context = &collector,
		.change = see_change,
		.after = see_event,
		.checkpoint = see_checkpoint,
	};
	enum walk_status status = walk_run(replayed->walk, &observer);

	replayed->totals = *walk_totals(replayed->walk);
	replayed->has_base = status != WALK_NO_BASE;
	replayed->failed = replayed->failed || status == WALK_NO_MEMORY;
	makers_release(&collector.makers);
	walk_free(replayed->walk);
	replayed->walk = NULL;
	/* An implicit change whose snapshot the walk did not report stands at the end. */
	place(replayed, UINT64_MAX);
	tell(replayed, UINT64_MAX);
	return NULL;
}

bool replayed_start(struct replayed *replayed, struct trace *trace, struct symbols *symbols,
                    const struct filter *filter)
{
	struct walk_input input;

	*replayed = (struct replayed) {
		.trace = trace,
		.symbols = symbols,
		.filter = filter,
	};
	if (!event_bytes_init(&replayed->marks, trace) || !trace_walk_input(trace, &input))
		return false;
	replayed->walk = walk_new(&input);
	if (!replayed->walk)
		return false;
	pthread_mutex_init(&replayed->lock, NULL);
	pthread_cond_init(&replayed->more, NULL);
	replayed->started = true;
	if (!filter || !filter->kinds.count) {
		replayed->symbols = NULL; /* they are not for two at once */
		replayed->has_thread =
			pthread_create(&replayed->thread, NULL, replay, replayed) == 0;
	}
	if (!replayed->has_thread)
		replay(replayed);
	return true;
}

void replayed_reach(struct replayed *replayed, uint64_t seq)
{
	if (seq < replayed->seen_known)
		return;
	pthread_mutex_lock(&replayed->lock);
	while (replayed->known <= seq && replayed->known < UINT64_MAX)
		pthread_cond_wait(&replayed->more, &replayed->lock);
	replayed->seen_known = replayed->known;
	replayed->seen_placed = replayed->placed;
	pthread_mutex_unlock(&replayed->lock);
}

bool replayed_implicit_until(struct replayed *replayed, size_t number, uint64_t position,
                             struct replayed_implicit *implicit)
{
	if (number >= replayed->seen_placed)
		return false;
	pthread_mutex_lock(&replayed->lock);
	*implicit = replayed->implicit[number];
	pthread_mutex_unlock(&replayed->lock);
	return implicit->position <= position;
}

bool replayed_is_racy(const struct replayed *replayed, uint64_t seq)
{
	return event_bytes_get(&replayed->marks, seq) & RACY;
}

bool replayed_has_kind(const struct replayed *replayed, uint64_t seq)
{
	return event_bytes_get(&replayed->marks, seq) & OF_KIND;
}

bool replayed_finish(struct replayed *replayed, bool give_up, bool quiet)
{
	atomic_store_explicit(&replayed->given_up, give_up, memory_order_relaxed);
	if (replayed->has_thread)
		pthread_join(replayed->thread, NULL);
	replayed->has_thread = false;
	if (replayed->failed)
		return false;
	if (!replayed->has_base && !quiet)
		complain(0, "'%s' has no snapshot to replay from: implicit changes are not known",
		         trace_path(replayed->trace));
	return true;
}

void replayed_release(struct replayed *replayed)
{
	walk_free(replayed->walk);
	for (size_t i = 0; i < replayed->implicit_count; i++)
		free((char *)(uintptr_t)replayed->implicit[i].change.name);
	free(replayed->implicit);
	event_bytes_release(&replayed->marks);
	if (replayed->started) {
		pthread_cond_destroy(&replayed->more);
		pthread_mutex_destroy(&replayed->lock);
	}
	*replayed = (struct replayed) { 0 };
}
