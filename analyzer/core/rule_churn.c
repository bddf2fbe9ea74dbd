/*
 * churn: one call site that maps, unmaps or protects over and over. Each such call costs the kernel
 * microseconds, a lock that all threads want, and the other processors an interrupt to forget their old
 * translations.
 *
 * Counted is the most that a site did in any second: ten counters of a tenth of a second, sliding.
 */
#include <stdio.h>
#include <stdlib.h>

#include "call_table.h"
#include "rules.h"

enum { SLICES = 10, SLICE_NS = 100 * 1000 * 1000 };

struct site {
	uint64_t slice; /* number of the newest */
	uint64_t calls[SLICES];
	uint64_t sum;
	struct finding *finding; /* NULL: not over the limit yet */
	uint64_t process;
};

struct state {
	struct site *sites;
	size_t count;
	struct number_table by_id;
};

static struct site *site_at(struct rule_run *run, uint64_t id)
{
	struct state *state = run->state;
	uint64_t *number = number_table_at(&state->by_id, id);
	struct site *grown;

	if (number && *number)
		return &state->sites[*number - 1];
	if (number && (state->count & (state->count - 1)) == 0) {
		grown = reallocarray(state->sites, state->count ? 2 * state->count : 1,
		                     sizeof(*grown));
		if (grown)
			state->sites = grown;
		else
			number = NULL;
	}
	if (!number) {
		rule_out_of_memory(run);
		return NULL;
	}
	state->sites[state->count] = (struct site) { 0 };
	*number = ++state->count;
	return &state->sites[state->count - 1];
}

/* Forgets what is older than a second. */
static void slide(struct site *site, uint64_t slice)
{
	if (slice <= site->slice)
		return;
	for (uint64_t i = 1; i <= SLICES && site->slice + i <= slice; i++) {
		uint64_t *oldest = &site->calls[(site->slice + i) % SLICES];

		site->sum -= *oldest;
		*oldest = 0;
	}
	site->slice = slice;
}

static void after(struct rule_run *run, const struct event *event)
{
	const struct rules_source *source = run->process->source;
	struct site *site;
	uint64_t id;

	if (call_effect(event->call) == EFFECT_NONE || event->in_flight)
		return;
	id = source->site(source->context, event);
	site = id ? site_at(run, id) : NULL;
	if (!site)
		return;
	if (site->process != run->process->number) {
		*site = (struct site) { .process = run->process->number };
	}
	slide(site, event->time_ns / SLICE_NS);
	site->calls[site->slice % SLICES]++;
	site->sum++;
	if (site->sum <= run->settings->calls_per_second)
		return;
	if (!site->finding)
		site->finding = rule_report(run, event, "");
	if (!site->finding)
		return;
	site->finding->limit = run->settings->calls_per_second;
	if (site->sum > site->finding->amount)
		site->finding->amount = site->sum;
}

static void release(struct rule_run *run)
{
	struct state *state = run->state;

	free(state->sites);
	number_table_release(&state->by_id);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	snprintf(text, bytes, "%llu calls of %s within a second, the limit is %llu",
	         (unsigned long long)finding->amount, call_name(finding->event.call),
	         (unsigned long long)finding->limit);
}

static const struct rule_setting settings[] = {
	{ "calls_per_second", SETTING_COUNT_TYPE, true,
	  offsetof(struct rule_settings, calls_per_second) },
	{ 0 },
};

const struct rule rule_churn = {
	.name = "churn",
	.means =
		"One call site mapped, unmapped or protected memory over and over within a second.",
	.fix = "Keep the mapping and use it again, protect larger ranges at once, or raise "
	       "malloc's "
	       "thresholds (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD).",
	.settings = settings,
	.state_bytes = sizeof(struct state),
	.after = after,
	.release = release,
	.say = say,
};
