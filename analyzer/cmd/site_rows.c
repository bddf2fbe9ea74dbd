/*
 * site_rows: see the header. Two processes have no address in common, so what two stacks share is the
 * modules and offsets of their frames.
 */
#include "site_rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/call_table.h"
#include "site_of.h"
#include "symbols_lost.h"

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return (hash ^ number ^ number >> 32) * FNV_PRIME;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash_number(hash, 0xff);
}

void site_rows_init(struct site_rows *rows, enum site_grouping grouping)
{
	*rows = (struct site_rows) { .grouping = grouping };
}

void site_rows_release(struct site_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free((void *)rows->rows[i].view.frames);
	free(rows->rows);
	free(rows->slots);
	symbols_free(rows->symbols);
	trace_close(rows->trace);
	*rows = (struct site_rows) { 0 };
}

/* --- what rows are grouped by ------------------------------------------------------------------------- */

static uint64_t key_of_stack(const struct event *event, const struct frame *frames, size_t count)
{
	uint64_t hash = hash_number(FNV_BASIS, event->call);

	for (size_t i = 0; i < count; i++) {
		hash = hash_text(hash, frames[i].module);
		hash = hash_number(hash, frames[i].offset);
	}
	return hash;
}

static uint64_t key_of_frame(enum site_grouping grouping, const struct frame *frame)
{
	uint64_t hash = FNV_BASIS;

	if (!frame)
		return hash;
	if (grouping == GROUP_FUNCTION)
		hash = hash_text(hash, frame->function);
	if (grouping == GROUP_FILE && frame->file)
		return hash_text(hash, frame->file);
	return hash_text(hash, frame->module);
}

static uint64_t key_of(const struct site_rows *rows, const struct event *event,
                       const struct site_view *view, unsigned category)
{
	const struct frame *frames;
	size_t count = site_view_frames(view, &frames);
	const struct frame *shown = count ? &frames[frames_call_site(frames, count)] : NULL;
	uint64_t key = rows->grouping == GROUP_STACK ? key_of_stack(event, frames, count)
	               : rows->grouping == GROUP_ID  ? view->id
	                                             : key_of_frame(rows->grouping, shown);

	return hash_number(key, category);
}

/* --- the table ---------------------------------------------------------------------------------------- */

static size_t bytes_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *copy_text(char **to, const char *text)
{
	char *copy = *to;

	if (!text)
		return NULL;
	*to = stpcpy(copy, text) + 1;
	return copy;
}

/* In one piece of memory, names behind the frames. NULL: out of memory. */
static struct frame *copy_frames(const struct frame *frames, size_t count)
{
	size_t bytes = (count + 1) * sizeof(*frames);
	struct frame *copy;
	char *to;

	for (size_t i = 0; i < count; i++)
		bytes += bytes_of(frames[i].module) + bytes_of(frames[i].function) +
		         bytes_of(frames[i].file) + bytes_of(frames[i].path);
	copy = malloc(bytes);
	if (!copy)
		return NULL;
	to = (char *)&copy[count + 1];
	for (size_t i = 0; i < count; i++) {
		copy[i] = frames[i];
		copy[i].module = copy_text(&to, frames[i].module);
		copy[i].function = copy_text(&to, frames[i].function);
		copy[i].file = copy_text(&to, frames[i].file);
		copy[i].path = copy_text(&to, frames[i].path);
	}
	return copy;
}

static size_t slot_of(const struct site_rows *rows, uint64_t key)
{
	size_t at = (key ^ key >> 32) & (rows->slot_count - 1);

	while (rows->slots[at] && rows->rows[rows->slots[at] - 1].key != key)
		at = (at + 1) & (rows->slot_count - 1);
	return at;
}

static bool reserve(struct site_rows *rows)
{
	size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
	struct site_row *grown;
	uint32_t *slots;

	if (rows->count < rows->capacity)
		return true;
	grown = reallocarray(rows->rows, capacity, sizeof(*grown));
	slots = calloc(2 * capacity, sizeof(*slots));
	if (grown)
		rows->rows = grown;
	if (!grown || !slots) {
		free(slots);
		return false;
	}
	free(rows->slots);
	rows->slots = slots;
	rows->slot_count = 2 * capacity;
	rows->capacity = capacity;
	for (size_t i = 0; i < rows->count; i++)
		slots[slot_of(rows, rows->rows[i].key)] = (uint32_t)i + 1;
	return true;
}

/* The view's frames become its own; `alone`: only the one that is shown. */
static bool keep_frames(struct site_view *view, bool alone)
{
	const struct frame *frames;
	size_t count = site_view_frames(view, &frames);

	if (alone && count) {
		frames = &frames[frames_call_site(frames, count)];
		count = 1;
	}
	view->frames = copy_frames(frames, count);
	view->frame_count = count;
	if (view->frames)
		view->symbols = NULL;
	return view->frames != NULL;
}

bool site_rows_copy_frames(struct site_rows *rows, const struct symbols *symbols)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct site_view *view = &rows->rows[i].view;

		if (view->symbols && view->symbols == symbols && !keep_frames(view, false))
			return false;
	}
	return true;
}

bool site_rows_leave(struct site_rows *rows, struct trace *trace, struct symbols *symbols,
                     bool more)
{
	bool fine = !more || site_rows_copy_frames(rows, symbols);

	if (!more && !rows->trace) {
		rows->trace = trace;
		rows->symbols = symbols;
		return true;
	}
	if (rows->common)
		symbols_lost_say(symbols, trace, rows->common);
	symbols_free(symbols);
	trace_close(trace);
	return fine;
}

struct site_row *site_rows_at(struct site_rows *rows, struct symbols *symbols,
                              const struct event *event, unsigned category)
{
	struct site_view view = site_view_of(symbols, event);
	uint64_t key = key_of(rows, event, &view, category);
	struct site_row *row;
	size_t slot;

	if (!reserve(rows))
		return NULL;
	slot = slot_of(rows, key);
	if (rows->slots[slot]) {
		row = &rows->rows[rows->slots[slot] - 1];
		if (row->view.call && strcmp(row->view.call, call_name(event->call)) != 0)
			row->view.call = NULL;
		return row;
	}
	row = &rows->rows[rows->count];
	/* There are not that many functions. */
	if (rows->grouping != GROUP_STACK && rows->grouping != GROUP_ID &&
	    !keep_frames(&view, true))
		return NULL;
	*row = (struct site_row) { .view = view, .key = key, .category = category };
	rows->slots[slot] = (uint32_t)++rows->count;
	return row;
}

const struct site_row *site_rows_find(const struct site_rows *rows, uint64_t key)
{
	uint32_t found = rows->count ? rows->slots[slot_of(rows, key)] : 0;

	return found ? &rows->rows[found - 1] : NULL;
}

bool site_rows_add(struct site_rows *rows, struct symbols *symbols, const struct site_table *table)
{
	for (size_t i = 0; i < site_table_size(table); i++) {
		const struct site_entry *site = site_table_item(table, i);
		const struct event first = site_call_event(&site->first);
		struct site_row *row = site_rows_at(rows, symbols, &first, 0);

		if (!row)
			return false;
		site_totals_add(&row->view.totals, &site->totals);
	}
	return true;
}

/* --- the order ---------------------------------------------------------------------------------------- */

static const size_t order_offsets[] = {
	[ORDER_CALLS] = offsetof(struct site_totals, calls),
	[ORDER_BYTES] = offsetof(struct site_totals, bytes_mapped),
	[ORDER_LIVE] = offsetof(struct site_totals, bytes_live),
	[ORDER_VMAS] = offsetof(struct site_totals, vmas_live),
	[ORDER_TIME] = offsetof(struct site_totals, time_ns),
};

static int compare(const void *left, const void *right, void *order)
{
	const struct site_row *a = left, *b = right;
	size_t offset = order_offsets[*(const enum site_order *)order];
	const struct site_totals *a_totals = &a->view.totals, *b_totals = &b->view.totals;
	uint64_t a_value = *(const uint64_t *)((const char *)a_totals + offset);
	uint64_t b_value = *(const uint64_t *)((const char *)b_totals + offset);

	if (a_value != b_value)
		return a_value < b_value ? 1 : -1;
	if (a_totals->splits != b_totals->splits)
		return a_totals->splits < b_totals->splits ? 1 : -1;
	if (a_totals->calls != b_totals->calls)
		return a_totals->calls < b_totals->calls ? 1 : -1;
	return (a->key > b->key) - (a->key < b->key);
}

void site_rows_sort(struct site_rows *rows, enum site_order order)
{
	if (!rows->count)
		return;
	qsort_r(rows->rows, rows->count, sizeof(*rows->rows), compare, &order);
	memset(rows->slots, 0, rows->slot_count * sizeof(*rows->slots));
	for (size_t i = 0; i < rows->count; i++)
		rows->slots[slot_of(rows, rows->rows[i].key)] = (uint32_t)i + 1;
}
