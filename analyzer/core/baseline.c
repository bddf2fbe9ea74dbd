/*
 * baseline.c: see the header.
 */
#include "baseline.h"

#include <stdlib.h>
#include <string.h>

struct baseline_site *site_list_at(struct site_list *list, uint64_t id, bool *fresh)
{
	uint64_t *number = number_table_at(&list->by_id, id);

	*fresh = false;
	if (!number)
		return NULL;
	if (*number)
		return &list->sites[*number - 1];
	if ((list->count & (list->count - 1)) == 0) {
		struct baseline_site *grown = reallocarray(
			list->sites, list->count ? 2 * list->count : 1, sizeof(*grown));

		if (!grown)
			return NULL;
		list->sites = grown;
	}
	list->sites[list->count] = (struct baseline_site) { .id = id };
	*number = ++list->count;
	*fresh = true;
	return &list->sites[list->count - 1];
}

const struct baseline_site *site_list_find(const struct site_list *list, uint64_t id)
{
	const uint64_t *number = number_table_find(&list->by_id, id);

	return number && *number ? &list->sites[*number - 1] : NULL;
}

const struct baseline_module *module_list_find(const struct module_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->modules[i].name, name) == 0)
			return &list->modules[i];
	return NULL;
}

struct baseline_module *module_list_at(struct module_list *list, const char *name)
{
	struct baseline_module *grown;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->modules[i].name, name) == 0)
			return &list->modules[i];
	grown = reallocarray(list->modules, list->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	list->modules = grown;
	grown[list->count] = (struct baseline_module) {
		.name = strdup(name),
		.build = { SYMBOLS_NONE, MODULE_OPTIONS_UNKNOWN },
	};
	return grown[list->count].name ? &grown[list->count++] : NULL;
}

static int compare_modules(const void *left, const void *right)
{
	const struct baseline_module *a = left, *b = right;

	return strcmp(a->name, b->name);
}

void module_list_sort(struct module_list *list)
{
	if (list->count)
		qsort(list->modules, list->count, sizeof(*list->modules), compare_modules);
}

static int compare_sites(const void *left, const void *right)
{
	const struct baseline_site *a = left, *b = right;
	int order = strcmp(a->call, b->call);

	for (size_t i = 0; !order; i++) {
		if (i == a->chain_count || i == b->chain_count) {
			order = (a->chain_count > i) - (b->chain_count > i);
			break;
		}
		order = strcmp(a->chain[i], b->chain[i]);
	}
	return order ? order : (a->id > b->id) - (a->id < b->id);
}

void site_list_sort(struct site_list *list)
{
	if (list->count)
		qsort(list->sites, list->count, sizeof(*list->sites), compare_sites);
	number_table_release(&list->by_id);
}

/* What would end a field or a line of the file is spelled \xNN, and so is the backslash. */
static char *spell(char *to, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != 0x7f && c != '\\') {
			*to++ = (char)c;
			continue;
		}
		to = stpcpy(to, "\\x");
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	*to = '\0';
	return to;
}

bool baseline_site_add_frame(struct baseline_site *site, const struct finding_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *module = slash ? slash + 1 : frame->module ? frame->module : "?";
	const char *function = frame->function && !frame->runtime ? frame->function : NULL;
	char *text, *end;

	if (site->chain_count == SITE_ID_FRAMES)
		return true;
	text = malloc(4 * (strlen(module) + (function ? strlen(function) : 0)) + 2);
	if (!text)
		return false;
	end = spell(text, module);
	if (function) {
		*end++ = '!';
		spell(end, function);
	}
	for (size_t i = 0; i < site->chain_count; i++) {
		if (strcmp(site->chain[i], text) == 0) {
			free(text);
			return true;
		}
	}
	site->chain[site->chain_count++] = text;
	return true;
}

/* How its own frames look is of interest for a module that has any. */
static bool know_module(struct module_list *list, const struct finding_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = slash ? slash + 1 : frame->module;
	char *spelled;
	bool fine;

	if (frame->runtime || !name)
		return true;
	spelled = malloc(4 * strlen(name) + 1);
	if (!spelled)
		return false;
	spell(spelled, name);
	fine = module_list_at(list, spelled);
	free(spelled);
	return fine;
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * 0x9e3779b97f4a7c15ull;
}

/* What tells two calls in one function apart: the line of the call site, or its address. */
static uint64_t place_of(uint64_t id, const struct finding_frame *frames, size_t count)
{
	size_t at = 0;

	while (at < count && frames[at].runtime)
		at++;
	if (at == count)
		return id;
	return mix(id, frames[at].line ? frames[at].line : frames[at].offset << 20);
}

struct baseline_site *baseline_add(struct baseline *baseline, uint64_t id, const char *call,
                                   const struct finding_frame *frames, size_t count, uint64_t bytes,
                                   bool *is_new)
{
	const struct baseline_site *known = site_list_find(&baseline->known, id);
	uint64_t *place;
	bool fresh;
	struct baseline_site *site = site_list_at(&baseline->now, id, &fresh);

	*is_new = false;
	if (!site)
		return NULL;
	if (fresh) {
		site->call = strdup(call);
		for (size_t i = 0; i < count; i++)
			if (!baseline_site_add_frame(site, &frames[i]) ||
			    !know_module(&baseline->now_modules, &frames[i]))
				return NULL;
		if (!site->call)
			return NULL;
	}
	site->calls++;
	site->bytes += bytes;
	place = number_table_at(&baseline->places_seen, place_of(id, frames, count));
	if (!place)
		return NULL;
	if (!(*place)++) {
		site->places++;
		*is_new = baseline->has_known && (!known || site->places > known->places);
	}
	return site;
}

uint64_t baseline_bound(uint64_t number)
{
	uint64_t bound = 1;

	if (!number)
		return 0;
	while (bound < number && bound << 1)
		bound <<= 1;
	return bound;
}

bool baseline_grown(const struct baseline_site *now)
{
	return now->state != BASELINE_ALONE &&
	       (now->calls > now->granted_calls || now->bytes > now->granted_bytes);
}

static void list_release(struct site_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->sites[i].call);
		for (size_t k = 0; k < list->sites[i].chain_count; k++)
			free(list->sites[i].chain[k]);
	}
	free(list->sites);
	number_table_release(&list->by_id);
}

static void modules_release(struct module_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->modules[i].name);
	free(list->modules);
}

void baseline_release(struct baseline *baseline)
{
	list_release(&baseline->known);
	list_release(&baseline->now);
	modules_release(&baseline->known_modules);
	modules_release(&baseline->now_modules);
	number_table_release(&baseline->places_seen);
	*baseline = (struct baseline) { 0 };
}
