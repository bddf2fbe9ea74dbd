/*
 * moment_peak: the address space at the peak, which nobody knows before the walk has ended: what may turn out to be it
 * is kept on the way, which costs little (walk_keep()), and gone back to.
 */
#include "command.h"
#include "moment.h"
#include "options.h"
#include "peak.h"

struct climbing {
	struct peak peak;
	struct moment *moment;
	const struct moment_follower *follower; /* or NULL */
	uint64_t kept_seq;
};

static void keep(struct climbing *climbing)
{
	walk_keep(climbing->moment->walk);
	climbing->kept_seq = climbing->moment->seq;
	if (climbing->follower)
		climbing->follower->keep(climbing->follower->observer.context);
}

static bool go_back(struct climbing *climbing)
{
	struct moment *moment = climbing->moment;

	moment->seq = climbing->kept_seq;
	return walk_go_back(moment->walk) &&
	       (!climbing->follower ||
	        climbing->follower->go_back(climbing->follower->observer.context));
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct climbing *climbing = context;
	const struct moment_follower *follower = climbing->follower;

	if (peak_before(&climbing->peak, walk, event))
		keep(climbing);
	return !follower || !follower->observer.before ||
	       follower->observer.before(follower->observer.context, walk, event);
}

static void change(void *context, const struct vma_change *change)
{
	struct climbing *climbing = context;
	const struct moment_follower *follower = climbing->follower;

	peak_change(&climbing->peak, change);
	if (follower && follower->observer.change)
		follower->observer.change(follower->observer.context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct climbing *climbing = context;
	const struct moment_follower *follower = climbing->follower;

	climbing->moment->seq = event->seq;
	if (follower && follower->observer.after)
		follower->observer.after(follower->observer.context, walk, event);
	if (peak_after(&climbing->peak, event))
		keep(climbing);
	return true;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct climbing *climbing = context;
	const struct moment_follower *follower = climbing->follower;

	if (follower && follower->observer.checkpoint)
		follower->observer.checkpoint(follower->observer.context, walk, checkpoint);
}

static int reach_peak(struct moment *moment, struct trace *trace, struct symbols *symbols,
                      enum when_kind kind, const struct moment_follower *follower)
{
	struct climbing climbing = { .moment = moment, .follower = follower };
	const struct walk_observer observer = {
		.context = &climbing,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};
	int status = moment_begin(moment, trace, symbols);

	if (status != STATUS_FINE)
		return status;
	peak_begin(&climbing.peak, kind);
	moment->walked = walk_run(moment->walk, &observer);
	status = peak_walked(moment->walked, trace);
	if (status != STATUS_FINE)
		return status;
	if (!peak_end(&climbing.peak, moment->walk) && !go_back(&climbing))
		moment->walked = WALK_NO_MEMORY;
	return moment_arrive(moment);
}

int moment_reach_when(struct moment *moment, struct trace *trace, struct symbols *symbols,
                      const struct when *when, const struct moment_follower *follower)
{
	struct when_point point;
	int status;

	if (when->kind == WHEN_PEAK || when->kind == WHEN_PEAK_VMAS)
		return reach_peak(moment, trace, symbols, when->kind, follower);
	status = when_find(when, trace, &point);
	return status == STATUS_FINE ? moment_reach(moment, trace, symbols, &point,
	                                            follower ? &follower->observer : NULL)
	                             : status;
}
