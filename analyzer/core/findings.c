/*
 * findings.c: see the header.
 */
#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "rules.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

/* FNV-1a over the text and its end. */
static uint64_t fingerprint_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return (hash ^ 0xff) * FNV_PRIME;
}

static uint64_t fingerprint_number(uint64_t hash, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		hash = (hash ^ (number >> (8 * i) & 0xff)) * FNV_PRIME;
	return hash;
}

struct finding *findings_at(struct findings *findings, const struct policy_rule *policy,
                            uint64_t order, uint64_t site, const char *detail, bool *fresh)
{
	uint64_t fingerprint = fingerprint_text(
		fingerprint_number(fingerprint_text(FNV_BASIS, policy->rule->name), site), detail);
	/* A rule may be there more than once, with levels of its own (forbidden-call): none hides another. */
	uint64_t key = fingerprint_number(fingerprint, (uint64_t)(uintptr_t)policy);
	uint64_t *number = number_table_at(&findings->by_key, key);
	struct finding **grown;
	struct finding *finding;

	*fresh = false;
	if (!number)
		return NULL;
	if (*number)
		return findings->items[*number - 1];
	finding = calloc(1, sizeof(*finding));
	grown = reallocarray(findings->items, findings->count + 1, sizeof(*grown));
	if (grown)
		findings->items = grown;
	if (!grown || !finding) {
		free(finding);
		return NULL;
	}
	finding->policy = policy;
	finding->fingerprint = fingerprint;
	finding->site = site;
	finding->order = order;
	finding->number = (uint32_t)findings->count;
	grown[findings->count] = finding;
	*number = ++findings->count;
	*fresh = true;
	return finding;
}

static char *copy_text(char **at, const char *text)
{
	char *copy = *at;

	if (!text)
		return NULL;
	*at = stpcpy(copy, text) + 1;
	return copy;
}

static size_t text_room(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

bool finding_set_frames(struct finding *finding, const struct finding_frame *frames, size_t count)
{
	size_t room = 0;
	char *at;

	for (size_t i = 0; i < count; i++)
		room += text_room(frames[i].module) + text_room(frames[i].function) +
		        text_room(frames[i].file) + text_room(frames[i].path);
	/* One block: the frames, then their strings. */
	finding->frames = malloc(count * sizeof(*frames) + room + 1);
	if (!finding->frames)
		return false;
	at = (char *)&finding->frames[count];
	for (size_t i = 0; i < count; i++) {
		struct finding_frame *frame = &finding->frames[i];

		*frame = frames[i];
		frame->module = copy_text(&at, frames[i].module);
		frame->function = copy_text(&at, frames[i].function);
		frame->file = copy_text(&at, frames[i].file);
		frame->path = copy_text(&at, frames[i].path);
	}
	finding->frame_count = count;
	finding->site_frame = 0;
	while (finding->site_frame < count && finding->frames[finding->site_frame].runtime)
		finding->site_frame++;
	if (finding->site_frame == count)
		finding->site_frame = 0;
	return true;
}

static void finding_free(struct finding *finding)
{
	free(finding->frames);
	free(finding->name);
	free(finding->note);
	free(finding);
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int worst_first(const void *left, const void *right)
{
	const struct finding *a = *(struct finding *const *)left;
	const struct finding *b = *(struct finding *const *)right;

	if (a->policy->level != b->policy->level)
		return descending(a->policy->level, b->policy->level);
	if (a->order != b->order)
		return descending(b->order, a->order);
	if (a->amount != b->amount)
		return descending(a->amount, b->amount);
	if (a->count != b->count)
		return descending(a->count, b->count);
	return descending(a->fingerprint, b->fingerprint);
}

void findings_finish(struct findings *findings)
{
	size_t kept = 0;

	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i]->count)
			findings->items[kept++] = findings->items[i];
		else
			finding_free(findings->items[i]);
	}
	findings->count = kept;
	/* The numbers in it are places before the sort. */
	number_table_release(&findings->by_key);
	number_table_release(&findings->seen_in);
	if (kept)
		qsort(findings->items, kept, sizeof(struct finding *), worst_first);
}

void findings_release(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_free(findings->items[i]);
	free(findings->items);
	number_table_release(&findings->by_key);
	number_table_release(&findings->seen_in);
	*findings = (struct findings) { 0 };
}

bool allow_matches_frame(const struct policy_allow *allow, const struct finding_frame *frame)
{
	if (allow->any)
		return glob_matches(allow->any, frame->function) ||
		       glob_matches_path(allow->any, frame->module) ||
		       glob_matches_path(allow->any, frame->path ? frame->path : frame->file);
	return (!allow->module || glob_matches_path(allow->module, frame->module)) &&
	       (!allow->function || glob_matches(allow->function, frame->function)) &&
	       (!allow->file ||
	        glob_matches_path(allow->file, frame->path ? frame->path : frame->file));
}

bool allow_matches(const struct policy_allow *allow, const struct finding *finding)
{
	if (allow->rule && allow->rule != finding->policy->rule)
		return false;
	if (!allow->module && !allow->function && !allow->file && !allow->any)
		return true;
	for (size_t i = 0; i < finding->frame_count; i++)
		if (allow_matches_frame(allow, &finding->frames[i]))
			return true;
	return false;
}
