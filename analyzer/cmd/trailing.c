/*
 * trailing: see the header.
 */
#include "trailing.h"

#include "command.h"

static void see_change(void *context, const struct vma_change *change)
{
	struct trailing *trailing = context;

	(void)change;
	trailing->changes++;
}

/* A peak may lie in a snapshot's changes, where no event ends: the walk ends before the next. */
static bool may_go_on(void *context, const struct walk *walk, const struct event *event)
{
	struct trailing *trailing = context;
	bool go_on;

	(void)walk;
	(void)event;
	if (trailing->changes < trailing->allowed)
		return true;
	pthread_mutex_lock(&trailing->lock);
	while (trailing->changes >= trailing->peak && !trailing->ended)
		pthread_cond_wait(&trailing->said, &trailing->lock);
	trailing->allowed = trailing->peak;
	go_on = trailing->changes < trailing->allowed && !trailing->given_up;
	pthread_mutex_unlock(&trailing->lock);
	return go_on;
}

static void *walk(void *self)
{
	struct trailing *trailing = self;
	const struct walk_observer observer = {
		.context = trailing,
		.before = may_go_on,
		.change = see_change,
	};
	const struct when_point end = when_end();

	moment_walk(&trailing->moment, &end, &observer);
	return NULL;
}

int trailing_start(struct trailing *trailing, struct trace *trace, struct symbols *symbols)
{
	int status;

	*trailing = (struct trailing) { 0 };
	status = moment_begin(&trailing->moment, trace, symbols);
	if (status != STATUS_FINE) {
		moment_release(&trailing->moment);
		return status;
	}
	pthread_mutex_init(&trailing->lock, NULL);
	pthread_cond_init(&trailing->said, NULL);
	trailing->has_thread = pthread_create(&trailing->thread, NULL, walk, trailing) == 0;
	return STATUS_FINE;
}

static void say(struct trailing *trailing, uint64_t peak, bool ended, bool given_up)
{
	pthread_mutex_lock(&trailing->lock);
	trailing->peak = peak;
	trailing->ended = ended;
	trailing->given_up = given_up;
	pthread_cond_signal(&trailing->said);
	pthread_mutex_unlock(&trailing->lock);
}

void trailing_allow(struct trailing *trailing, uint64_t changes)
{
	say(trailing, changes, false, false);
}

int trailing_end(struct trailing *trailing, uint64_t changes, bool give_up)
{
	say(trailing, changes, true, give_up);
	if (trailing->has_thread)
		pthread_join(trailing->thread, NULL);
	else
		walk(trailing);
	return give_up ? STATUS_FINE : moment_arrive(&trailing->moment);
}

void trailing_release(struct trailing *trailing)
{
	pthread_cond_destroy(&trailing->said);
	pthread_mutex_destroy(&trailing->lock);
	moment_release(&trailing->moment);
}
