/*
 * new-call-site: a call site that the baseline does not know. Sites that are a known one's with frames left
 * out or added are one finding together: the program was built another way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "call_table.h"
#include "pages.h"
#include "rules.h"

/* A finding of a site, to be taken back if the site turns out to be altered. */
struct state {
	struct reported {
		uint64_t id;
		struct finding *finding;
	} * reported;
	size_t count;
	struct finding *altered;
};

static bool remember(struct rule_run *run, uint64_t id, struct finding *finding)
{
	struct state *state = run->state;

	if ((state->count & (state->count - 1)) == 0) {
		struct reported *grown = reallocarray(
			state->reported, state->count ? 2 * state->count : 1, sizeof(*grown));

		if (!grown)
			return false;
		state->reported = grown;
	}
	state->reported[state->count++] = (struct reported) { id, finding };
	if (!state->altered) {
		state->altered = rule_report_program(run, NULL, "altered");
		if (state->altered)
			state->altered->count = 0;
	}
	return state->altered;
}

/* The census (census.h) has just counted the event. */
static void after(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	const struct baseline_site *site = run->baseline ? run->baseline->unknown : NULL;
	const struct baseline_site *known;
	struct finding *finding;

	(void)walk;
	if (!site)
		return;
	known = site_list_find(&run->baseline->known, site->id);
	finding = rule_report(run, event, known ? "place" : "");
	if (!finding)
		return;
	finding->amount = site->places;
	finding->limit = known ? known->places : 0;
	if (!known && !remember(run, site->id, finding))
		rule_out_of_memory(run);
}

static void finish(struct rule_run *run)
{
	struct state *state = run->state;

	for (size_t i = 0; run->baseline && i < state->count; i++) {
		struct reported *reported = &state->reported[i];

		if (!number_table_find(&run->baseline->altered, reported->id))
			continue;
		if (reported->finding->count) {
			state->altered->count++;
			state->altered->amount++;
		}
		reported->finding->count = 0;
	}
}

static void release(struct rule_run *run)
{
	struct state *state = run->state;

	free(state->reported);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	if (!finding->site)
		snprintf(text, bytes,
		         "%llu call site%s known with other functions in between: the program was "
		         "built another way (optimisation level, debug information)",
		         (unsigned long long)finding->amount,
		         finding->amount == 1 ? " is" : "s are");
	else if (finding->limit)
		snprintf(text, bytes,
		         "%s is called at %llu places of this function, the baseline knows %llu",
		         call_name(finding->event.call), (unsigned long long)finding->amount,
		         (unsigned long long)finding->limit);
	else
		snprintf(text, bytes, "%s from a call site that the baseline does not know",
		         call_name(finding->event.call));
}

const struct rule rule_new_call_site = {
	.name = "new-call-site",
	.means = "With --baseline: this call site was not there when the baseline was written.",
	.fix = "If it is meant to be there, write the baseline again (check --write-baseline) and "
	       "commit it.",
	.state_bytes = sizeof(struct state),
	.after = after,
	.finish = finish,
	.release = release,
	.say = say,
};
