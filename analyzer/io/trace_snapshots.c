/*
 * trace_snapshots.c: puts the snapshots of a trace together. A list of /proc/self/maps is stored as pieces of
 * text, written as they were read; a last record says that the list is complete. Lists without one, or with a
 * piece missing, are no snapshots.
 */
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"

/* Room for one more in an array that doubles. The new element, zeroed, or NULL. */
void *trace_append(void **array, size_t *count, size_t size)
{
	size_t n = *count;
	void *grown = *array;

	if ((n & (n - 1)) == 0) {
		grown = reallocarray(*array, n ? 2 * n : 1, size);
		if (!grown)
			return NULL;
		*array = grown;
	}
	*count = n + 1;
	return memset((char *)grown + n * size, 0, size);
}

bool trace_take_piece(struct trace *trace, struct gathered *gathered,
                      const struct vmat_record *record, const uint8_t *payload)
{
	struct vmat_maps_part part;
	struct piece *piece;

	if (record->bytes < sizeof(part)) {
		trace->counts.damaged_records++;
		return true;
	}
	piece = APPEND(gathered->pieces, gathered->piece_count);
	if (!piece)
		return false;
	memcpy(&part, payload, sizeof(part));
	*piece = (struct piece) { part.snapshot, part.part, (const char *)payload + sizeof(part),
		                  record->bytes - sizeof(part) };
	return true;
}

bool trace_take_snapshot(struct trace *trace, struct gathered *gathered,
                         const struct vmat_record *record, const uint8_t *payload)
{
	struct vmat_snapshot *snapshot;

	if (record->bytes < sizeof(*snapshot)) {
		trace->counts.damaged_records++;
		return true;
	}
	snapshot = APPEND(gathered->snapshots, gathered->snapshot_count);
	if (!snapshot)
		return false;
	memcpy(snapshot, payload, sizeof(*snapshot));
	if (snapshot->clock.ticks > trace->newest.ticks)
		trace->newest = snapshot->clock;
	return true;
}

/* No list has so many parts. */
#define PART_TAKEN UINT32_MAX

static int compare_pieces(const void *left, const void *right)
{
	const struct piece *a = left;
	const struct piece *b = right;

	if (a->snapshot != b->snapshot)
		return a->snapshot < b->snapshot ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	/* A part met twice: the earlier record first. */
	return (a->text > b->text) - (a->text < b->text);
}

static int compare_snapshots(const void *left, const void *right)
{
	const struct vmat_snapshot *a = left;
	const struct vmat_snapshot *b = right;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return (a->snapshot > b->snapshot) - (a->snapshot < b->snapshot);
}

/* The first piece of snapshot `id`, or NULL. */
static struct piece *first_piece(const struct gathered *gathered, uint32_t id)
{
	size_t low = 0, high = gathered->piece_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (gathered->pieces[middle].snapshot < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == gathered->piece_count || gathered->pieces[low].snapshot != id)
		return NULL;
	return &gathered->pieces[low];
}

/* Joins the snapshot's text. *text is NULL if a part is missing. False: out of memory. */
static bool join_pieces(const struct gathered *gathered, const struct vmat_snapshot *stored,
                        char **text, size_t *bytes)
{
	struct piece *first = first_piece(gathered, stored->snapshot);
	const struct piece *end;
	uint32_t parts = 0;

	*text = NULL;
	*bytes = 0;
	if (!first)
		return true;
	end = gathered->pieces + gathered->piece_count;
	for (const struct piece *at = first; at < end && at->snapshot == stored->snapshot; at++) {
		if (at->part == parts && parts < stored->parts) {
			parts++;
			*bytes += at->bytes;
		}
	}
	if (parts != stored->parts)
		return true;
	*text = malloc(*bytes + 1);
	if (!*text)
		return false;
	*bytes = 0;
	parts = 0;
	for (const struct piece *at = first; at < end && parts < stored->parts; at++) {
		if (at->part != parts)
			continue;
		memcpy(*text + *bytes, at->text, at->bytes);
		*bytes += at->bytes;
		parts++;
	}
	/* A list is complete once: a trace that says so again and again would have it kept as often. */
	first->part = PART_TAKEN;
	return true;
}

static uint64_t since_start(const struct trace *trace, uint64_t monotonic_ns)
{
	uint64_t start = trace->header.start.monotonic_ns;

	return monotonic_ns > start ? monotonic_ns - start : 0;
}

bool trace_snapshots_make(struct trace *trace, struct gathered *gathered, struct trace_error *error)
{
	/* qsort's arguments may not be NULL, whatever the count. */
	if (gathered->piece_count)
		qsort(gathered->pieces, gathered->piece_count, sizeof(*gathered->pieces),
		      compare_pieces);
	if (gathered->snapshot_count == 0)
		return true;
	qsort(gathered->snapshots, gathered->snapshot_count, sizeof(*gathered->snapshots),
	      compare_snapshots);
	trace->snapshots = calloc(gathered->snapshot_count, sizeof(*trace->snapshots));
	trace->snapshot_maps = calloc(gathered->snapshot_count, sizeof(*trace->snapshot_maps));
	if (!trace->snapshots || !trace->snapshot_maps)
		return trace_no_memory(error);
	for (size_t i = 0; i < gathered->snapshot_count; i++) {
		const struct vmat_snapshot *stored = &gathered->snapshots[i];
		struct proc_maps *maps = &trace->snapshot_maps[trace->snapshot_count];
		size_t bytes;
		char *text;
		bool parsed;

		if (!join_pieces(gathered, stored, &text, &bytes))
			return trace_no_memory(error);
		if (!text) {
			/* Its first pieces were written over: that it is gone is no damage. */
			trace->counts.damaged_records += !trace->counts.arena_lap;
			continue;
		}
		parsed = proc_maps_parse(maps, text, bytes);
		free(text);
		if (!parsed)
			return trace_no_memory(error);
		/* A list with a line that is none, or with no line, is not the kernel's list. */
		if (maps->bad_lines || maps->count == 0) {
			proc_maps_release(maps);
			trace->counts.damaged_records++;
			continue;
		}
		trace->snapshots[trace->snapshot_count++] = (struct snapshot) {
			.id = stored->snapshot,
			.reason = stored->reason,
			.tid = stored->tid,
			.begin = stored->begin,
			.end = stored->end,
			.time_ns = since_start(trace, stored->clock.monotonic_ns),
			.brk = stored->brk,
			.rows = maps->rows,
			.row_count = maps->count,
		};
	}
	return true;
}

void trace_gathered_release(struct gathered *gathered)
{
	free(gathered->pieces);
	free(gathered->snapshots);
}
