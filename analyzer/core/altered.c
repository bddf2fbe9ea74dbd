/*
 * altered.c: see the header.
 */
#include "altered.h"

#include <string.h>

enum { ENOUGH_SITES = 4 };

/* Of two chains, the one that may have frames that the other has not. */
struct fit {
	const struct baseline *baseline;
	int direction;      /* as module_build_frames(): -1, the known chain is the longer one */
	const char *module; /* of the first frame left out; not terminated there */
	size_t rest;        /* frames of the shorter one behind where the longer one is cut */
	bool left_out, named, nameless;
};

/* The module of "module!function", or of "module". */
static size_t module_length(const char *frame)
{
	const char *mark = strchr(frame, '!');

	return mark ? (size_t)(mark - frame) : strlen(frame);
}

static struct baseline_module *module_of(const struct module_list *list, const char *frame)
{
	size_t length = module_length(frame);

	for (size_t i = 0; i < list->count; i++) {
		struct baseline_module *module = &list->modules[i];

		if (strncmp(module->name, frame, length) == 0 && !module->name[length])
			return module;
	}
	return NULL;
}

/* A frame without a name, of a module that has symbols on one of the two sides alone. */
static bool is_nameless(const struct baseline *baseline, const char *frame)
{
	const struct baseline_module *now;

	if (frame[module_length(frame)])
		return false;
	now = module_of(&baseline->now_modules, frame);
	return now && now->known &&
	       (now->build.symbols == SYMBOLS_NONE) != (now->known->symbols == SYMBOLS_NONE);
}

/* The frame may be missing in the other chain. */
static bool may_be_left_out(struct fit *fit, const char *frame)
{
	const struct baseline_module *now = module_of(&fit->baseline->now_modules, frame);
	int frames;

	if (!now || now->change == BUILD_SAME)
		return false;
	frames = now->known ? module_build_frames(now->known, &now->build) : 0;
	return !frames || frames == fit->direction;
}

/* Past frames that say nothing. */
static size_t skip_nameless(struct fit *fit, const struct baseline_site *site, size_t at)
{
	while (at < site->chain_count && is_nameless(fit->baseline, site->chain[at])) {
		fit->nameless = true;
		at++;
	}
	return at;
}

static bool contains(struct fit *fit, const struct baseline_site *longer,
                     const struct baseline_site *shorter)
{
	size_t at = skip_nameless(fit, shorter, 0);

	for (size_t i = 0; i < longer->chain_count; i++) {
		const char *frame = longer->chain[i];

		if (is_nameless(fit->baseline, frame)) {
			fit->nameless = true;
		} else if (at < shorter->chain_count && strcmp(shorter->chain[at], frame) == 0) {
			fit->named = fit->named || frame[module_length(frame)];
			at = skip_nameless(fit, shorter, at + 1);
		} else if (may_be_left_out(fit, frame)) {
			if (!fit->left_out)
				fit->module = frame;
			fit->left_out = true;
		} else {
			return false;
		}
	}
	fit->rest = shorter->chain_count - at;
	/* A chain is cut after so many frames: what else the shorter one has lies further out. */
	return !fit->rest || longer->chain_count == SITE_ID_FRAMES;
}

/* The n-th module that the chain comes to; NULL: there are not so many. */
static const char *nth_module(const struct baseline_site *site, size_t n)
{
	for (size_t i = 0; i < site->chain_count; i++) {
		size_t length = module_length(site->chain[i]);
		bool met = false;

		for (size_t k = 0; k < i && !met; k++)
			met = module_length(site->chain[k]) == length &&
			      strncmp(site->chain[k], site->chain[i], length) == 0;
		if (!met && n-- == 0)
			return site->chain[i];
	}
	return NULL;
}

/* As far as both tell: a chain that is cut ends anywhere. */
static bool same_modules(const struct baseline_site *a, const struct baseline_site *b)
{
	for (size_t n = 0;; n++) {
		const char *left = nth_module(a, n), *right = nth_module(b, n);

		if (!left && !right)
			return true;
		if (!left || !right)
			return (left ? b : a)->chain_count == SITE_ID_FRAMES;
		if (module_length(left) != module_length(right) ||
		    strncmp(left, right, module_length(left)) != 0)
			return false;
	}
}

/* Of two that fit, the one that leaves less to what was cut off is meant, then the one with more frames. */
static bool fits_better(const struct fit *fit, const struct baseline_site *site,
                        const struct fit *than, const struct baseline_site *best)
{
	return !best || fit->rest < than->rest ||
	       (fit->rest == than->rest && site->chain_count > best->chain_count);
}

/* The known site may be the one of now, compiled another way. */
static bool fits(struct fit *fit, const struct baseline_site *known,
                 const struct baseline_site *now)
{
	const struct baseline_site *longer = fit->direction < 0 ? known : now;
	const struct baseline_site *shorter = fit->direction < 0 ? now : known;

	fit->left_out = fit->named = fit->nameless = false;
	if (strcmp(known->call, now->call) != 0 || !contains(fit, longer, shorter) ||
	    !fit->left_out)
		return false;
	/* To have nothing but libc in common says nothing. */
	return fit->nameless ? same_modules(known, now) : fit->named;
}

/* The function that makes the call, as far as it has a name; NULL: nobody's has. */
static const char *maker(const struct baseline_site *site)
{
	for (size_t i = 0; i < site->chain_count; i++)
		if (site->chain[i][module_length(site->chain[i])])
			return site->chain[i];
	return NULL;
}

static bool same_maker(const struct baseline_site *a, const struct baseline_site *b)
{
	const char *left = maker(a), *right = maker(b);

	return left && right && strcmp(left, right) == 0;
}

static void pair(struct baseline *baseline, struct baseline_site *known, struct baseline_site *now,
                 const char *frame)
{
	struct baseline_module *module = module_of(&baseline->now_modules, frame);

	if (known->state == BASELINE_ALONE)
		known->state = BASELINE_ALTERED;
	now->from = known;
	if (now->state != BASELINE_MET) {
		module->altered += now->state != BASELINE_ALTERED;
		now->state = BASELINE_ALTERED;
	}
	now->module = module;
	now->granted_places += known->places;
	now->granted_calls += known->calls;
	now->granted_bytes += known->bytes;
}

/* Frames are missing now: each known site that is gone has become the one that misses fewest. */
static void pair_shorter(struct baseline *baseline)
{
	struct fit fit = { .baseline = baseline, .direction = -1 }, of_best = fit;

	for (size_t k = 0; k < baseline->known.count; k++) {
		struct baseline_site *known = &baseline->known.sites[k], *best = NULL;

		for (size_t n = 0; known->state == BASELINE_ALONE && n < baseline->now.count; n++) {
			struct baseline_site *now = &baseline->now.sites[n];

			if (!fits(&fit, known, now) || !fits_better(&fit, now, &of_best, best))
				continue;
			best = now;
			of_best = fit;
		}
		if (best)
			pair(baseline, known, best, of_best.module);
	}
}

/* The known site has a place left that a call by another function of now may be: inlined, both were one. */
static bool has_room(const struct baseline *baseline, const struct baseline_site *known,
                     const struct baseline_site *now)
{
	uint64_t makers = known->state == BASELINE_MET;

	for (size_t i = 0; i < baseline->now.count; i++) {
		const struct baseline_site *other = &baseline->now.sites[i];
		bool first = other->from == known;

		if (first && same_maker(other, now))
			return true;
		for (size_t k = 0; k < i && first; k++)
			first = baseline->now.sites[k].from != known ||
			        !same_maker(&baseline->now.sites[k], other);
		makers += first;
	}
	return makers < known->places;
}

/*
 * What is new still is a known site if its call is: the same function makes it, reached another way; or, where
 * there are more frames now, one that was inlined.
 */
static void pair_rest(struct baseline *baseline, int direction)
{
	struct fit fit = { .baseline = baseline, .direction = direction }, of_best = fit;

	for (size_t n = 0; n < baseline->now.count; n++) {
		struct baseline_site *now = &baseline->now.sites[n], *best = NULL;

		for (size_t k = 0; now->state == BASELINE_ALONE && k < baseline->known.count; k++) {
			struct baseline_site *known = &baseline->known.sites[k];

			if (!fits(&fit, known, now) || !fits_better(&fit, known, &of_best, best) ||
			    (!same_maker(known, now) &&
			     (direction < 0 || !has_room(baseline, known, now))))
				continue;
			best = known;
			of_best = fit;
		}
		if (best)
			pair(baseline, best, now, of_best.module);
	}
}

static void begin(struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->now_modules.count; i++) {
		struct baseline_module *now = &baseline->now_modules.modules[i];

		now->altered = 0;
	}
	for (size_t i = 0; i < baseline->known.count; i++) {
		struct baseline_site *known = &baseline->known.sites[i];
		bool met = site_list_find(&baseline->now, known->id) != NULL;

		known->state = met ? BASELINE_MET : BASELINE_ALONE;
	}
	for (size_t i = 0; i < baseline->now.count; i++) {
		struct baseline_site *now = &baseline->now.sites[i];
		const struct baseline_site *known = site_list_find(&baseline->known, now->id);

		now->state = known ? BASELINE_MET : BASELINE_ALONE;
		now->module = NULL;
		now->from = NULL;
		now->granted_places = known ? known->places : 0;
		now->granted_calls = known ? known->calls : 0;
		now->granted_bytes = known ? known->bytes : 0;
	}
}

static void pair_all(struct baseline *baseline)
{
	bool any = false;

	begin(baseline);
	for (size_t i = 0; i < baseline->now_modules.count; i++)
		any = any || baseline->now_modules.modules[i].change != BUILD_SAME;
	if (!any)
		return;
	pair_shorter(baseline);
	pair_rest(baseline, 1);
	pair_rest(baseline, -1);
}

static bool has_frame_of(const struct baseline *baseline, const struct baseline_site *site,
                         const struct baseline_module *module)
{
	for (size_t i = 0; i < site->chain_count; i++)
		if (module_of(&baseline->now_modules, site->chain[i]) == module)
			return true;
	return false;
}

/*
 * More than half of what the baseline knows of the module, and not just a few sites, look different; and what
 * looks different now is mostly that.
 */
static bool speaks_for_itself(const struct baseline *baseline, const struct baseline_module *module)
{
	size_t altered = 0, all = 0, new = 0;

	for (size_t i = 0; i < baseline->known.count; i++)
		all += has_frame_of(baseline, &baseline->known.sites[i], module);
	for (size_t i = 0; i < baseline->now.count; i++) {
		const struct baseline_site *now = &baseline->now.sites[i];

		altered += now->module == module && now->state == BASELINE_ALTERED;
		new += now->state == BASELINE_ALONE &&has_frame_of(baseline, now, module);
	}
	return altered >= ENOUGH_SITES && 2 * altered > all && altered > new;
}

void altered_find(struct baseline *baseline)
{
	struct module_list *modules = &baseline->now_modules;
	bool again = false;

	for (size_t i = 0; i < modules->count; i++) {
		struct baseline_module *now = &modules->modules[i];
		const struct baseline_module *known =
			module_list_find(&baseline->known_modules, now->name);

		now->known = known ? &known->build : NULL;
		if (known)
			now->change = module_build_change(&known->build, &now->build);
		else /* a module that was not there, or a file that does not tell */
			now->change = baseline->known_modules.count ? BUILD_SAME : BUILD_PERHAPS;
	}
	pair_all(baseline);
	for (size_t i = 0; i < modules->count; i++) {
		struct baseline_module *now = &modules->modules[i];

		if (now->change != BUILD_PERHAPS)
			continue;
		again = true;
		now->change = speaks_for_itself(baseline, now) ? BUILD_DIFFERS : BUILD_SAME;
	}
	if (again)
		pair_all(baseline);
}
