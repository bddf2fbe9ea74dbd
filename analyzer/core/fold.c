/*
 * fold: see the header.
 */
#include "fold.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct level {
	size_t window;       /* how many lines back a change may join; 0: none */
	bool everywhere;     /* any line, found by tree; never given up */
	bool across_threads; /* changes of different threads may join */
	bool given_up;
	struct fold_line **lines;
	size_t count;
	size_t room;
	void *tree; /* tsearch(3), of lines */
};

/* From fine to coarse. */
static const struct level levels[] = {
	{ .window = 0 },
	{ .window = 1 },
	{ .window = 8 },
	{ .everywhere = true, .across_threads = true },
};

enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

struct fold {
	size_t limit;
	uint64_t changes;
	struct level level[LEVELS];
};

struct fold *fold_new(size_t limit)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return NULL;
	fold->limit = limit < 2 ? 2 : limit;
	memcpy(fold->level, levels, sizeof(levels));
	return fold;
}

static void nothing(void *line)
{
	(void)line;
}

static void line_free(struct fold_line *line)
{
	if (line)
		free((char *)line->first.name);
	free(line);
}

static void level_release(struct level *level)
{
	tdestroy(level->tree, nothing); /* the lines belong to the list */
	for (size_t i = 0; i < level->count; i++)
		line_free(level->lines[i]);
	free(level->lines);
	level->tree = NULL;
	level->lines = NULL;
	level->count = level->room = 0;
}

void fold_free(struct fold *fold)
{
	for (size_t i = 0; fold && i < LEVELS; i++)
		level_release(&fold->level[i]);
	free(fold);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What makes changes alike, for tsearch(3). */
static int compare_lines(const void *left, const void *right)
{
	const struct fold_line *a = left, *b = right;
	const struct vma_change *x = &a->first, *y = &b->first;
	int order = compare(a->site, b->site);

	order = order ? order : compare(x->event->call, y->event->call);
	order = order ? order : compare(x->kind, y->kind);
	order = order ? order : compare(x->cause, y->cause);
	order = order ? order : compare(a->kind, b->kind);
	order = order ? order : compare(x->mapped_before, y->mapped_before);
	order = order ? order : compare(x->mapped_after, y->mapped_after);
	order = order ? order : compare(x->prot_before, y->prot_before);
	return order ? order : compare(x->prot_after, y->prot_after);
}

static struct fold_line *line_new(const struct fold_line *like)
{
	struct fold_line *line = malloc(sizeof(*line));
	char *name = strdup(like->first.name);

	if (!line || !name) {
		free(line);
		free(name);
		return NULL;
	}
	*line = *like;
	line->event = *like->first.event;
	line->first.event = &line->event;
	line->first.name = name;
	return line;
}

static void line_join(struct fold_line *line, const struct fold_line *more)
{
	line->count++;
	line->bytes += more->bytes;
	line->start = more->start < line->start ? more->start : line->start;
	line->end = more->end > line->end ? more->end : line->end;
	line->last_ns = more->last_ns;
	line->many_names = line->many_names || strcmp(line->first.name, more->first.name) != 0;
	line->many_threads = line->many_threads || line->event.tid != more->first.event->tid;
}

/* The line that the change may join, or NULL. */
static struct fold_line *level_find(const struct level *level, const struct fold_line *change)
{
	if (level->everywhere) {
		void *node = tfind(change, &level->tree, compare_lines);

		return node ? *(struct fold_line **)node : NULL;
	}
	for (size_t back = 1; back <= level->window && back <= level->count; back++) {
		struct fold_line *line = level->lines[level->count - back];

		if (compare_lines(line, change) == 0 &&
		    (level->across_threads || line->event.tid == change->first.event->tid))
			return line;
	}
	return NULL;
}

static bool level_add(struct level *level, const struct fold_line *change, size_t limit)
{
	struct fold_line *line = level_find(level, change);

	if (line) {
		line_join(line, change);
		return true;
	}
	if (!level->everywhere && level->count == limit) {
		level_release(level);
		level->given_up = true;
		return true;
	}
	if (level->count == level->room) {
		size_t room = level->room ? level->room * 2 : 64;
		struct fold_line **lines = reallocarray(level->lines, room, sizeof(*lines));

		if (!lines)
			return false;
		level->lines = lines;
		level->room = room;
	}
	line = line_new(change);
	if (!line || (level->everywhere && !tsearch(line, &level->tree, compare_lines))) {
		line_free(line);
		return false;
	}
	level->lines[level->count++] = line;
	return true;
}

bool fold_add(struct fold *fold, const struct vma_change *change, uint64_t site, enum vma_kind kind)
{
	struct fold_line line = {
		.first = *change,
		.kind = kind,
		.site = site,
		.count = 1,
		.bytes = vma_change_bytes(change),
		.start = change->start,
		.end = change->end,
		.last_ns = change->event->time_ns,
	};

	fold->changes++;
	for (size_t i = 0; i < LEVELS; i++)
		if (!fold->level[i].given_up && !level_add(&fold->level[i], &line, fold->limit))
			return false;
	return true;
}

static int by_size(const void *left, const void *right)
{
	const struct fold_line *a = *(struct fold_line *const *)left;
	const struct fold_line *b = *(struct fold_line *const *)right;
	int order = compare(b->bytes, a->bytes);

	return order ? order : compare(b->count, a->count);
}

static int by_time(const void *left, const void *right)
{
	const struct fold_line *a = *(struct fold_line *const *)left;
	const struct fold_line *b = *(struct fold_line *const *)right;
	int order = compare(a->event.time_ns, b->event.time_ns);

	return order ? order : compare(a->event.seq, b->event.seq);
}

void fold_finish(struct fold *fold, struct fold_result *result)
{
	struct level *level = fold->level;
	size_t shown;

	while (level->given_up)
		level++;
	shown = level->count;
	*result = (struct fold_result) { .changes = fold->changes };
	if (shown > fold->limit) {
		shown = fold->limit - 1; /* the last line is that of the counts */
		qsort(level->lines, level->count, sizeof(*level->lines), by_size);
		for (size_t i = shown; i < level->count; i++) {
			result->left_out_lines++;
			result->left_out += level->lines[i]->count;
			result->left_out_bytes += level->lines[i]->bytes;
		}
		qsort(level->lines, shown, sizeof(*level->lines), by_time);
	}
	result->lines = level->lines;
	result->count = shown;
}
