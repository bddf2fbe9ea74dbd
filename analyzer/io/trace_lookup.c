/*
 * trace_lookup.c: finds what the arena of a trace held: by record id, or by address and moment.
 */
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"

/* Arrays of records are in order of place: the walk over the arena met them so. */
#define FIND_ID(trace, array, count, wanted, found)                                                \
	do {                                                                                       \
		size_t low = 0, high = (count);                                                    \
		uint32_t unit = trace_id_unit(trace, wanted);                                      \
		while (low < high) {                                                               \
			size_t middle = low + (high - low) / 2;                                    \
			if (trace_id_unit(trace, (array)[middle].id) < unit)                       \
				low = middle + 1;                                                  \
			else                                                                       \
				high = middle;                                                     \
		}                                                                                  \
		(found) = low < (count) && (array)[low].id == (wanted) ? &(array)[low] : NULL;     \
	} while (0)

/* Records are aligned to 16 bytes in a page-aligned copy: the cast is to a well-aligned type. */
static const struct vmat_record *record_at_id(const struct trace *trace, uint32_t id)
{
	uint64_t offset = (uint64_t)trace_id_unit(trace, id) * VMAT_RECORD_ALIGN;

	return (const struct vmat_record *)(const void *)(trace->arena + offset);
}

/* The id's low bits of the lap are the record's; are the ones above them? */
static bool is_of_lap(const struct trace *trace, uint32_t record_lap, uint8_t lap)
{
	uint8_t high = (uint8_t)(record_lap >> 8);

	return !trace->laps || high == lap || high == (uint8_t)(lap - 1);
}

bool trace_named(const struct trace *trace, uint32_t id, uint8_t lap, struct named_view *view)
{
	const struct vmat_record *record;
	const struct named *found;

	FIND_ID(trace, trace->named, trace->named_count, id, found);
	if (!found || !is_of_lap(trace, found->lap, lap))
		return false;
	record = record_at_id(trace, id);
	*view = (struct named_view) {
		.text = trace->texts + found->text_at,
		.is_object = record->type == VMAT_RECORD_OBJECT,
	};
	if (view->is_object)
		memcpy(&view->object, record + 1, sizeof(view->object));
	return true;
}

const struct proc_maps *trace_touched(const struct trace *trace, uint32_t id, uint8_t lap)
{
	const struct touched *found;

	FIND_ID(trace, trace->touched, trace->touched_count, id, found);
	return found && is_of_lap(trace, found->lap, lap) ? &found->maps : NULL;
}

const struct snapshot *trace_snapshots(const struct trace *trace, size_t *count)
{
	*count = trace->snapshot_count;
	return trace->snapshots;
}

/* The record at the place of a stack's id, or NULL. */
static const struct vmat_record *stack_record(const struct trace *trace, uint32_t id)
{
	uint32_t unit = trace_id_unit(trace, id);
	uint64_t offset = (uint64_t)unit * VMAT_RECORD_ALIGN;
	const struct vmat_record *record;

	if (id == 0 || offset >= trace->arena_bytes ||
	    !(trace->stack_bits[unit / 8] >> unit % 8 & 1))
		return NULL;
	record = record_at_id(trace, id);
	if (trace->laps && (record->lap & 0xff) != id >> VMAT_ID_LAP_SHIFT)
		return NULL;
	return record;
}

bool trace_has_stack(const struct trace *trace, uint32_t id, uint8_t lap)
{
	uint32_t unit = trace_id_unit(trace, id);
	const struct vmat_record *record;

	/* In the first lap every record is of lap 0: nothing in it need be looked at, for each event. */
	if (trace->laps && !trace->counts.arena_lap && !(id >> VMAT_ID_LAP_SHIFT) && lap <= 1)
		return id && (uint64_t)unit * VMAT_RECORD_ALIGN < trace->arena_bytes &&
		       trace->stack_bits[unit / 8] >> unit % 8 & 1;
	record = stack_record(trace, id);

	return record && is_of_lap(trace, record->lap, lap);
}

size_t trace_stack(const struct trace *trace, uint32_t id, uint64_t pcs[VMAT_DEPTH_LIMIT])
{
	const struct vmat_record *record = stack_record(trace, id);

	return record ? trace_unpack_stack(record, (const uint8_t *)(record + 1), pcs) : 0;
}

const struct trace_module *trace_modules(const struct trace *trace, size_t *count)
{
	*count = trace->module_count;
	return trace->modules;
}

/* By start: what contains an address lies at or before the last that begins at or below it. */
static int compare_starts(const void *left, const void *right)
{
	const struct module_place *a = left;
	const struct module_place *b = right;

	return (a->module->start > b->module->start) - (a->module->start < b->module->start);
}

bool trace_modules_index(struct trace *trace)
{
	uint64_t reach = 0;

	if (trace->module_count == 0)
		return true;
	trace->module_places = calloc(trace->module_count, sizeof(*trace->module_places));
	if (!trace->module_places)
		return false;
	for (size_t i = 0; i < trace->module_count; i++)
		trace->module_places[i].module = &trace->modules[i];
	qsort(trace->module_places, trace->module_count, sizeof(*trace->module_places),
	      compare_starts);
	for (size_t i = 0; i < trace->module_count; i++) {
		struct module_place *place = &trace->module_places[i];

		trace->modules_overlap |= place->module->start < reach;
		if (place->module->end > reach)
			reach = place->module->end;
		place->reach = reach;
	}
	return true;
}

bool trace_modules_overlap(const struct trace *trace)
{
	return trace->modules_overlap;
}

/*
 * An object is written down when it is first met, so `from_seq` may lie behind an event that another thread
 * recorded from it meanwhile: where none was known yet, the first one met later is the one. Modules are in
 * order of from_seq, so their addresses tell earlier from later.
 */
static const struct trace_module *better(const struct trace_module *found,
                                         const struct trace_module *module, uint64_t seq)
{
	if (!found)
		return module;
	if (found->from_seq > seq)
		return module < found ? module : found;
	return module > found && module->from_seq <= seq ? module : found;
}

const struct trace_module *trace_module_at(const struct trace *trace, uint64_t pc, uint64_t seq)
{
	const struct trace_module *found = NULL;
	size_t low = 0, high = trace->module_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->module_places[middle].module->start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0 && trace->module_places[low - 1].reach > pc; low--) {
		const struct trace_module *module = trace->module_places[low - 1].module;

		if (pc < module->end)
			found = better(found, module, seq);
	}
	return found;
}
