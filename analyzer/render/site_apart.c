/*
 * site_apart: see the header. Of two whole stacks the words are compared first, then the addresses: a call that the
 * compiler has put into several functions is told by those.
 */
#include "site_apart.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct chain {
	char *line;   /* as print_site() has it, and the call */
	char **words; /* of each frame */
	uint64_t *offsets;
	size_t count;
	size_t shown; /* the frame that the line names first */
};

enum { FRAME_BYTES = 512, POINTS = 4 /* where it parts from others, at most */ };

static bool read_chain(struct chain *chain, const struct site_view *site)
{
	const struct frame *frames;
	char text[FRAME_BYTES];
	size_t bytes = 0;
	FILE *line = open_memstream(&chain->line, &bytes);

	if (!line)
		return false;
	fprintf(line, "%s ", site->call ? site->call : "");
	print_site(line, site);
	if (fclose(line) != 0)
		return false;
	chain->count = site_view_frames(site, &frames);
	chain->shown = chain->count ? frames_call_site(frames, chain->count) : 0;
	chain->words = calloc(chain->count + 1, sizeof(*chain->words));
	chain->offsets = calloc(chain->count + 1, sizeof(*chain->offsets));
	for (size_t i = 0; chain->words && chain->offsets && i < chain->count; i++) {
		frame_text(&frames[i], text, sizeof(text));
		chain->words[i] = strdup(text);
		chain->offsets[i] = frames[i].offset;
		if (!chain->words[i])
			return false;
	}
	return chain->words && chain->offsets;
}

static void release_chain(struct chain *chain)
{
	for (size_t i = 0; chain->words && i < chain->count; i++)
		free(chain->words[i]);
	free(chain->words);
	free(chain->offsets);
	free(chain->line);
}

/* The frame of a at which it parts from b; a->count: at none. */
static size_t parting(const struct chain *a, const struct chain *b, bool *by_offset)
{
	*by_offset = false;
	for (size_t i = 0; i < a->count; i++)
		if (i >= b->count || strcmp(a->words[i], b->words[i]) != 0)
			return i;
	*by_offset = true;
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->offsets[i] != b->offsets[i])
			return i;
	return a->count;
}

/* Where a line parts from those that read the same, from the inside out. */
struct points {
	size_t at[POINTS];
	bool by_offset[POINTS];
	size_t count;
};

static void add_point(struct points *points, size_t at, bool by_offset)
{
	size_t i = 0;

	while (i < points->count && points->at[i] < at)
		i++;
	if (i < points->count && points->at[i] == at) {
		points->by_offset[i] = points->by_offset[i] || by_offset;
		return;
	}
	if (points->count == POINTS)
		return;
	for (size_t j = points->count++; j > i; j--) {
		points->at[j] = points->at[j - 1];
		points->by_offset[j] = points->by_offset[j - 1];
	}
	points->at[i] = at;
	points->by_offset[i] = by_offset;
}

/* NULL: out of memory. */
static char *spell(const struct chain *chain, const struct points *points)
{
	char *note = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&note, &bytes);

	if (!out)
		return NULL;
	for (size_t i = 0; i < points->count; i++) {
		size_t at = points->at[i];

		fprintf(out, "  %s %s", at < chain->shown ? "through" : "from", chain->words[at]);
		if (points->by_offset[i])
			fprintf(out, " at +0x%" PRIx64, chain->offsets[at]);
	}
	if (fclose(out) == 0)
		return note;
	free(note);
	return NULL;
}

static bool add_notes(struct site_apart *apart, const struct chain *chains)
{
	for (size_t i = 0; i < apart->count; i++) {
		struct points points = { 0 };

		for (size_t j = 0; j < apart->count; j++) {
			bool by_offset;
			size_t at;

			if (i == j || strcmp(chains[i].line, chains[j].line) != 0)
				continue;
			at = parting(&chains[i], &chains[j], &by_offset);
			if (at < chains[i].count)
				add_point(&points, at, by_offset);
		}
		if (!points.count)
			continue;
		apart->notes[i] = spell(&chains[i], &points);
		if (!apart->notes[i])
			return false;
	}
	return true;
}

bool site_apart_init(struct site_apart *apart, const struct site_view *const *sites, size_t count)
{
	struct chain *chains;
	bool fine = true;

	*apart = (struct site_apart) { 0 };
	if (count < 2 || count > SITE_APART_LIMIT)
		return true;
	apart->notes = calloc(count, sizeof(*apart->notes));
	chains = calloc(count, sizeof(*chains));
	apart->count = apart->notes && chains ? count : 0;
	for (size_t i = 0; fine && i < apart->count; i++)
		fine = read_chain(&chains[i], sites[i]);
	fine = fine && apart->count && add_notes(apart, chains);
	for (size_t i = 0; chains && i < count; i++)
		release_chain(&chains[i]);
	free(chains);
	return fine;
}

void site_apart_release(struct site_apart *apart)
{
	for (size_t i = 0; i < apart->count; i++)
		free(apart->notes[i]);
	free(apart->notes);
	*apart = (struct site_apart) { 0 };
}

void print_site_apart(FILE *out, const struct site_apart *apart, size_t i)
{
	if (i < apart->count && apart->notes[i])
		fputs(apart->notes[i], out);
}
