/*
 * fold: see the header.
 */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "number_table.h"

struct level {
	size_t window;       /* how many lines back a change may join; 0: none */
	bool everywhere;     /* any line, found by table; never given up */
	bool across_threads; /* changes of different threads may join */
	bool given_up;
	struct fold_line **lines;
	size_t count;
	size_t room;
	struct number_table table; /* hash -> the first line of it, the others behind it */
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

static void line_free(struct fold_line *line)
{
	if (line)
		free((char *)line->first.name);
	free(line);
}

static void level_release(struct level *level)
{
	number_table_release(&level->table); /* the lines belong to the list */
	for (size_t i = 0; i < level->count; i++)
		line_free(level->lines[i]);
	free(level->lines);
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

/* A change on its way into the levels. */
struct adding {
	const struct vma_change *change;
	enum vma_kind kind;
	uint64_t site;
	uint64_t shape;
	uint64_t bytes;
};

/* What makes changes of one site alike, side by side in one word. */
static uint64_t shape_of(const struct vma_change *change, enum vma_kind kind)
{
	return (uint64_t)change->event->call << 48 | (uint64_t)change->kind << 40 |
	       (uint64_t)kind << 32 | (uint64_t)change->cause << 24 |
	       (uint64_t)change->prot_before << 16 | (uint64_t)change->prot_after << 8 |
	       (uint64_t)change->mapped_before << 1 | (uint64_t)change->mapped_after;
}

static bool is_alike(const struct fold_line *line, const struct adding *adding)
{
	return line->site == adding->site && line->shape == adding->shape;
}

static struct fold_line *line_new(const struct adding *adding)
{
	const struct vma_change *change = adding->change;
	struct fold_line *line = aligned_alloc(FOLD_LINE_ALIGN, sizeof(*line));
	char *name = strdup(change->name);

	if (!line || !name) {
		free(line);
		free(name);
		return NULL;
	}
	*line = (struct fold_line) {
		.site = adding->site,
		.shape = adding->shape,
		.count = 1,
		.bytes = adding->bytes,
		.start = change->start,
		.end = change->end,
		.last_ns = change->event->time_ns,
		.kind = adding->kind,
		.first = *change,
		.event = *change->event,
	};
	line->first.event = &line->event;
	line->first.name = name;
	return line;
}

static void line_join(struct fold_line *line, const struct adding *adding)
{
	const struct vma_change *change = adding->change;

	line->count++;
	line->bytes += adding->bytes;
	line->start = change->start < line->start ? change->start : line->start;
	line->end = change->end > line->end ? change->end : line->end;
	line->last_ns = change->event->time_ns;
	line->many_names = line->many_names || strcmp(line->first.name, change->name) != 0;
	line->many_threads = line->many_threads || line->event.tid != change->event->tid;
}

/* Where the lines of its hash begin; NULL: out of memory. */
static uint64_t *lines_of_hash(struct level *level, const struct adding *adding)
{
	return number_table_at(&level->table, adding->site ^ adding->shape * 0xc2b2ae3d27d4eb4full);
}

/* The line behind or at `line` that is like the change, or NULL. */
static struct fold_line *find_in_chain(uint64_t line, const struct adding *adding)
{
	struct fold_line *at = (struct fold_line *)(uintptr_t)line;

	while (at && !is_alike(at, adding))
		at = at->next;
	return at;
}

/* The line that the change may join, or NULL. */
static struct fold_line *find_in_window(const struct level *level, const struct adding *adding)
{
	for (size_t back = 1; back <= level->window && back <= level->count; back++) {
		struct fold_line *line = level->lines[level->count - back];

		if (is_alike(line, adding) &&
		    (level->across_threads || line->event.tid == adding->change->event->tid))
			return line;
	}
	return NULL;
}

static bool level_add(struct level *level, const struct adding *adding, size_t limit)
{
	uint64_t *chain = level->everywhere ? lines_of_hash(level, adding) : NULL;
	struct fold_line *line;

	if (level->everywhere && !chain)
		return false;
	line = chain ? find_in_chain(*chain, adding) : find_in_window(level, adding);
	if (line) {
		line_join(line, adding);
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
	line = line_new(adding);
	if (!line)
		return false;
	if (chain) {
		line->next = (struct fold_line *)(uintptr_t)*chain;
		*chain = (uintptr_t)line;
	}
	level->lines[level->count++] = line;
	return true;
}

bool fold_add(struct fold *fold, const struct vma_change *change, uint64_t site, enum vma_kind kind)
{
	const struct adding adding = {
		.change = change,
		.kind = kind,
		.site = site,
		.shape = shape_of(change, kind),
		.bytes = vma_change_bytes(change),
	};

	fold->changes++;
	for (size_t i = 0; i < LEVELS; i++)
		if (!fold->level[i].given_up && !level_add(&fold->level[i], &adding, fold->limit))
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
