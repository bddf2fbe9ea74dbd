/*
 * trace_lookup.c: finds what the arena of a trace held: by record id, or by address and moment.
 */
#include "trace_parts.h"

/* Arrays of records are in order of id: the walk over the arena met them so. */
#define FIND_ID(array, count, wanted, found)                                                       \
	do {                                                                                       \
		size_t low = 0, high = (count);                                                    \
		while (low < high) {                                                               \
			size_t middle = low + (high - low) / 2;                                    \
			if ((array)[middle].id < (wanted))                                         \
				low = middle + 1;                                                  \
			else                                                                       \
				high = middle;                                                     \
		}                                                                                  \
		(found) = low < (count) && (array)[low].id == (wanted) ? &(array)[low] : NULL;     \
	} while (0)

const struct named *trace_named(const struct trace *trace, uint32_t id)
{
	const struct named *found;

	FIND_ID(trace->named, trace->named_count, id, found);
	return found;
}

const struct proc_maps *trace_touched(const struct trace *trace, uint32_t id)
{
	const struct touched *found;

	FIND_ID(trace->touched, trace->touched_count, id, found);
	return found ? &found->maps : NULL;
}

const struct snapshot *trace_snapshots(const struct trace *trace, size_t *count)
{
	*count = trace->snapshot_count;
	return trace->snapshots;
}

const uint64_t *trace_stack(const struct trace *trace, uint32_t id, size_t *count)
{
	uint64_t offset = (uint64_t)id * VMAT_RECORD_ALIGN;
	const struct vmat_record *record;

	*count = 0;
	if (id == 0 || offset >= trace->arena_bytes || !(trace->stack_bits[id / 8] >> id % 8 & 1))
		return NULL;
	/* Records are aligned to 16 bytes in a page-aligned copy: the casts are to well-aligned types. */
	record = (const struct vmat_record *)(const void *)(trace->arena + offset);
	*count = record->count;
	return (const uint64_t *)(const void *)(record + 1);
}

const struct trace_module *trace_modules(const struct trace *trace, size_t *count)
{
	*count = trace->module_count;
	return trace->modules;
}

/*
 * An object is written down when it is first met, so `from_seq` may lie behind an event that another thread
 * recorded from it meanwhile: where none was known yet, the first one met later is the one.
 */
const struct trace_module *trace_module_at(const struct trace *trace, uint64_t pc, uint64_t seq)
{
	const struct trace_module *found = NULL;

	for (size_t i = 0; i < trace->module_count; i++) {
		const struct trace_module *module = &trace->modules[i];

		if (pc < module->start || pc >= module->end)
			continue;
		if (found && module->from_seq > seq)
			break;
		found = module;
	}
	return found;
}
