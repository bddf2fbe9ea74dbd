/*
 * new-call-site: a call site that the baseline does not know, or a known one with more places (lines) than it
 * had. Sites of a module that was compiled another way (altered.h) are one finding of that module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "call_table.h"
#include "rules.h"

/* Findings of sites: which of them are altered ones is known at the end. */
struct state {
	struct reported {
		uint64_t id;
		struct finding *finding;
	} * items;
	size_t count;
};

static bool remember(struct state *state, uint64_t id, struct finding *finding)
{
	if ((state->count & (state->count - 1)) == 0) {
		struct reported *grown = reallocarray(
			state->items, state->count ? 2 * state->count : 1, sizeof(*grown));

		if (!grown)
			return false;
		state->items = grown;
	}
	state->items[state->count++] = (struct reported) { id, finding };
	return true;
}

/* The census (census.h) has just counted the event. */
static void after(struct rule_run *run, const struct event *event)
{
	const struct baseline_site *site = run->baseline ? run->baseline->unknown : NULL;
	const struct baseline_site *known;
	struct finding *finding;

	if (!site)
		return;
	known = site_list_find(&run->baseline->known, site->id);
	finding = rule_report(run, event, known ? "place" : "");
	if (!finding)
		return;
	finding->amount = site->places;
	finding->limit = known ? known->places : 0;
	if (finding->count == 1 && !remember(run->state, site->id, finding))
		rule_out_of_memory(run);
}

/* How the module was built, and what that did to its sites. */
static void spell_module(const struct baseline_module *module, char *text, size_t bytes)
{
	static const char *const symbols[SYMBOLS_COUNT] = {
		[SYMBOLS_NONE] = "without symbols",
		[SYMBOLS_NAMES] = "without debug information",
		[SYMBOLS_LINES] = "with debug information",
	};
	const struct module_build *now = &module->build, *known = module->known;
	const char *are = module->altered == 1 ? " is" : "s are";

	if (module->lost)
		snprintf(text, bytes,
		         "the file of '%s' is gone, or is not the one that was traced: %zu call "
		         "site%s known without the functions' names; one that was added cannot be "
		         "told",
		         module->name, module->altered, are);
	else if (known && module_build_change(known, now) == BUILD_DIFFERS)
		snprintf(text, bytes,
		         "'%s' was built another way (now %s, %s; the baseline %s, %s): %zu call "
		         "site%s known with other functions in between%s",
		         module->name, symbols[now->symbols], now->options, symbols[known->symbols],
		         known->options, module->altered, are,
		         now->symbols == SYMBOLS_NONE ? "; one that was added cannot be told" : "");
	else
		snprintf(text, bytes,
		         "'%s' seems to have been built another way, for most of it looks "
		         "different: %zu call site%s known with other functions in between",
		         module->name, module->altered, are);
}

/* Places are return addresses where lines are not known: inlining makes several of one line. */
static bool places_are_lines(const struct baseline_module *module)
{
	return module->build.symbols == SYMBOLS_LINES && module->known &&
	       module->known->symbols == SYMBOLS_LINES;
}

static void spell_places(const struct baseline_module *module, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "call sites of '%s' that look different have more places than the baseline "
	         "grants: calls were added, or one was inlined more than once (debug information, "
	         "-g, would tell)",
	         module->name);
}

/* Puts the module in the place of a finding of one site of it. */
static void report_module(struct rule_run *run, const struct baseline_module *module,
                          struct finding *site, const char *what,
                          void (*spell)(const struct baseline_module *module, char *text,
                                        size_t bytes))
{
	struct finding *finding = rule_report_module(run, site, module->name, what);
	char text[1024];

	site->count = 0;
	if (!finding || finding->note)
		return;
	spell(module, text, sizeof(text));
	finding->note = strdup(text);
	if (!finding->note)
		rule_out_of_memory(run);
}

static void finish(struct rule_run *run)
{
	struct state *state = run->state;

	for (size_t i = 0; run->baseline && i < state->count; i++) {
		struct finding *finding = state->items[i].finding;
		const struct baseline_site *site =
			site_list_find(&run->baseline->now, state->items[i].id);
		bool more = site && site->places > site->granted_places;

		if (!site || !site->module)
			continue;
		if (more && places_are_lines(site->module)) {
			finding->amount = site->places;
			finding->limit = site->granted_places;
			continue;
		}
		if (more)
			report_module(run, site->module, finding, "places", spell_places);
		if (site->state == BASELINE_ALTERED)
			report_module(run, site->module, finding, "altered", spell_module);
		finding->count = 0;
	}
}

static void release(struct rule_run *run)
{
	struct state *state = run->state;

	free(state->items);
}

/* Without names a site is all of a module's. */
static bool has_function(const struct finding *finding)
{
	return finding->site_frame < finding->frame_count &&
	       finding->frames[finding->site_frame].function;
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	if (finding->note)
		snprintf(text, bytes, "%s", finding->note);
	else if (finding->limit)
		snprintf(text, bytes, "%s is called at %llu places of %s, the baseline knows %llu",
		         call_name(finding->event.call), (unsigned long long)finding->amount,
		         has_function(finding) ? "this function"
		                               : "this module, whose functions have no names",
		         (unsigned long long)finding->limit);
	else
		snprintf(text, bytes, "%s from a call site that the baseline does not know",
		         call_name(finding->event.call));
}

const struct rule rule_new_call_site = {
	.name = "new-call-site",
	.short_name = "new",
	.means = "With --baseline: this call site was not there when the baseline was written.",
	.fix = "If it is meant to be there, write the baseline again (check --write-baseline) and "
	       "commit it.",
	.state_bytes = sizeof(struct state),
	.after = after,
	.finish = finish,
	.release = release,
	.say = say,
};
