/*
 * trace_arena.c: the append-only records of a trace: stacks, strings, objects, rows, modules. Pieces of
 * snapshots are gathered here and put together by trace_snapshots.c.
 *
 * One walk from the arena's begin to what is used. Where no valid record begins the walk steps
 * VMAT_RECORD_ALIGN bytes on, so that one torn record costs nothing but itself. The arena is a private copy,
 * only the file's data ranges read: what is sparse in the file stays untouched memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "trace_parts.h"

/* Where the next data of the file at or behind *at begins and ends, up to `end`. False: there is none. */
static bool next_data(int fd, uint64_t *at, uint64_t end, uint64_t *data_end)
{
	off_t data = lseek(fd, (off_t)*at, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return false; /* a hole to the end of the file */
	if (data < 0) {       /* a file system that knows no holes */
		*data_end = end;
		return true;
	}
	hole = lseek(fd, data, SEEK_HOLE);
	*at = (uint64_t)data;
	*data_end = hole < 0 || (uint64_t)hole > end ? end : (uint64_t)hole;
	return *at < *data_end;
}

static char *copy_text(const uint8_t *bytes, size_t length)
{
	return strndup((const char *)bytes, length);
}

static bool take_stack(struct trace *trace, const struct vmat_record *record,
                       const uint8_t *payload, uint32_t id)
{
	(void)payload;
	if (record->count == 0 || record->bytes != (uint64_t)record->count * sizeof(uint64_t)) {
		trace->counts.damaged_records++;
		return true;
	}
	trace->stack_bits[id / 8] = (uint8_t)(trace->stack_bits[id / 8] | 1u << id % 8);
	trace->counts.stacks++;
	return true;
}

static bool take_named(struct trace *trace, const struct vmat_record *record,
                       const uint8_t *payload, uint32_t id)
{
	bool is_object = record->type == VMAT_RECORD_OBJECT;
	size_t skip = is_object ? sizeof(struct vmat_object) : 0;
	struct named *named;

	if (record->bytes < skip) {
		trace->counts.damaged_records++;
		return true;
	}
	named = APPEND(trace->named, trace->named_count);
	if (!named)
		return false;
	named->id = id;
	named->is_object = is_object;
	memcpy(&named->object, payload, skip);
	named->text = copy_text(payload + skip, record->bytes - skip);
	return named->text;
}

static bool take_rows(struct trace *trace, const struct vmat_record *record, const uint8_t *payload,
                      uint32_t id)
{
	struct touched *touched = APPEND(trace->touched, trace->touched_count);

	if (!touched)
		return false;
	touched->id = id;
	return proc_maps_parse(&touched->maps, (const char *)payload, record->bytes);
}

static bool take_module(struct trace *trace, const struct vmat_record *record,
                        const uint8_t *payload)
{
	struct vmat_module stored;
	struct trace_module *module;
	char *path = NULL;

	if (record->bytes < sizeof(stored)) {
		trace->counts.damaged_records++;
		return true;
	}
	memcpy(&stored, payload, sizeof(stored));
	if (stored.start >= stored.end || stored.build_id_bytes > VMAT_BUILD_ID_BYTES) {
		trace->counts.damaged_records++;
		return true;
	}
	module = APPEND(trace->modules, trace->module_count);
	if (!module)
		return false;
	if (record->bytes > sizeof(stored))
		path = copy_text(payload + sizeof(stored), record->bytes - sizeof(stored));
	else
		path = strdup(trace->header.exe);
	*module = (struct trace_module) {
		.path = path,
		.bias = stored.bias,
		.start = stored.start,
		.end = stored.end,
		.from_seq = stored.from_seq,
		.build_id = payload + offsetof(struct vmat_module, build_id),
		.build_id_bytes = stored.build_id_bytes,
		.recorder = stored.flags & 1,
	};
	return path;
}

static bool take_record(struct trace *trace, struct gathered *gathered,
                        const struct vmat_record *record, const uint8_t *payload, uint32_t id)
{
	switch (record->type) {
	case VMAT_RECORD_STACK:
		return take_stack(trace, record, payload, id);
	case VMAT_RECORD_STRING:
	case VMAT_RECORD_OBJECT:
		return take_named(trace, record, payload, id);
	case VMAT_RECORD_ROWS:
		return take_rows(trace, record, payload, id);
	case VMAT_RECORD_MODULE:
		return take_module(trace, record, payload);
	case VMAT_RECORD_MAPS:
		return trace_take_piece(trace, gathered, record, payload);
	case VMAT_RECORD_SNAPSHOT:
		return trace_take_snapshot(trace, gathered, record, payload);
	default:
		trace->counts.unknown_records++;
		return true;
	}
}

/* Bytes from one record to the next, or 0: no valid record begins here. */
static size_t record_at(struct trace *trace, size_t offset, struct vmat_record *record)
{
	size_t room = trace->arena_bytes - offset - sizeof(*record);
	const uint8_t *payload = trace->arena + offset + sizeof(*record);

	memcpy(record, trace->arena + offset, sizeof(*record));
	if (record->type == 0) {
		trace->counts.unfinished_records++;
		return 0;
	}
	/* Every type is "V" and three letters: what is not cannot be the begin of a record. */
	if ((record->type & 0xff) != 'V' || record->bytes > room ||
	    checksum(record->type, payload, record->bytes) != record->crc) {
		trace->counts.damaged_records++;
		return 0;
	}
	return sizeof(*record) +
	       (((size_t)record->bytes + VMAT_RECORD_ALIGN - 1) & ~(size_t)(VMAT_RECORD_ALIGN - 1));
}

/* Records that begin in [offset, end) of the arena; the offset behind the last one, or 0: out of memory. */
static size_t walk_records(struct trace *trace, struct gathered *gathered, size_t offset,
                           size_t end)
{
	size_t step;

	for (; offset < end && offset + sizeof(struct vmat_record) <= trace->arena_bytes;
	     offset += step) {
		struct vmat_record record;

		step = record_at(trace, offset, &record);
		if (step == 0) {
			step = VMAT_RECORD_ALIGN;
			continue;
		}
		if (!take_record(trace, gathered, &record, trace->arena + offset + sizeof(record),
		                 (uint32_t)(offset / VMAT_RECORD_ALIGN)))
			return 0;
	}
	return offset;
}

/*
 * Reads the data ranges of the file first, since a record may end in one and begin in another; then walks
 * them. Holes are stepped over: what is not stored holds no record.
 */
static bool read_records(struct trace *trace, struct gathered *gathered, struct trace_error *error)
{
	uint64_t from = trace->arena_at.offset;
	uint64_t end = from + trace->arena_bytes;
	size_t walked = VMAT_RECORD_ALIGN;
	uint64_t at, data_end;

	for (at = from; at < end && next_data(trace->fd, &at, end, &data_end); at = data_end) {
		ssize_t n = trace_read_at(trace->fd, trace->arena + (at - from), data_end - at, at);

		if (n < 0)
			return trace_fail_errno(error, TRACE_CANNOT_READ, at);
		if ((uint64_t)n < data_end - at)
			break; /* cut meanwhile */
	}
	for (at = from; at < end && next_data(trace->fd, &at, end, &data_end); at = data_end) {
		size_t first = (size_t)(at - from) & ~(size_t)(VMAT_RECORD_ALIGN - 1);

		if (first > walked) {
			trace->counts.unfinished_records += (first - walked) / VMAT_RECORD_ALIGN;
			walked = first;
		}
		walked = walk_records(trace, gathered, walked, data_end - from);
		if (walked == 0)
			return trace_no_memory(error);
	}
	return true;
}

static int compare_modules(const void *left, const void *right)
{
	const struct trace_module *a = left;
	const struct trace_module *b = right;

	if (a->from_seq != b->from_seq)
		return a->from_seq < b->from_seq ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

bool trace_arena_load(struct trace *trace, struct trace_error *error)
{
	uint64_t used = trace->counts.arena_used;
	struct gathered gathered = { 0 };
	struct stat status;
	bool fine;

	if (used > trace->arena_at.length)
		used = trace->arena_at.length;
	if (fstat(trace->fd, &status) < 0)
		return trace_fail_errno(error, TRACE_CANNOT_READ, 0);
	if (trace->arena_at.offset >= (uint64_t)status.st_size)
		used = 0;
	else if (used > (uint64_t)status.st_size - trace->arena_at.offset)
		used = (uint64_t)status.st_size - trace->arena_at.offset;
	/* Ids are 32 bits of 16-byte units: nothing can refer beyond 64 GiB. */
	if (used > (uint64_t)UINT32_MAX * VMAT_RECORD_ALIGN)
		used = (uint64_t)UINT32_MAX * VMAT_RECORD_ALIGN;
	if (used == 0)
		return true;
	trace->arena = mmap(NULL, used, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (trace->arena == MAP_FAILED) {
		trace->arena = NULL;
		return trace_no_memory(error);
	}
	trace->arena_bytes = used;
	trace->stack_bits = calloc(used / VMAT_RECORD_ALIGN / 8 + 1, 1);
	if (!trace->stack_bits)
		return trace_no_memory(error);
	fine = read_records(trace, &gathered, error) &&
	       trace_snapshots_make(trace, &gathered, error);
	trace_gathered_release(&gathered);
	if (fine && trace->module_count)
		qsort(trace->modules, trace->module_count, sizeof(*trace->modules),
		      compare_modules);
	return fine && (trace_modules_index(trace) || trace_no_memory(error));
}

void trace_arena_release(struct trace *trace)
{
	for (size_t i = 0; i < trace->named_count; i++)
		free(trace->named[i].text);
	for (size_t i = 0; i < trace->touched_count; i++)
		proc_maps_release(&trace->touched[i].maps);
	for (size_t i = 0; i < trace->module_count; i++)
		free((char *)(uintptr_t)trace->modules[i].path);
	for (size_t i = 0; i < trace->snapshot_count; i++)
		proc_maps_release(&trace->snapshot_maps[i]);
	free(trace->named);
	free(trace->touched);
	free(trace->modules);
	free(trace->module_places);
	free(trace->snapshots);
	free(trace->snapshot_maps);
	free(trace->stack_bits);
	if (trace->arena)
		munmap(trace->arena, trace->arena_bytes);
}
