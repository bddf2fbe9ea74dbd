/*
 * trace_arena.c: the records of a trace: stacks, strings, objects, rows, modules. Pieces of snapshots are
 * gathered here and put together by trace_snapshots.c.
 *
 * One walk over the section's data. Where no valid record begins the walk steps VMAT_RECORD_ALIGN bytes on, so
 * that one torn record costs nothing but itself. Sections are private copies, only the file's data ranges read:
 * what is sparse in the file stays untouched memory.
 *
 *     arena    [ lap 7: record record record | stale | lap 6: record record ... ]
 *                                            ^ used: before it lap 7 is valid, behind it lap 6
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

static size_t unpack(const uint8_t *at, size_t bytes, uint64_t pcs[VMAT_DEPTH_LIMIT])
{
	uint64_t turned = 0;
	size_t count = 0;

	while (bytes) {
		size_t length = (at[0] & 7) + 1u;
		uint64_t zigzag = 0;

		if (length > bytes)
			return at[0] == 0xff ? count : 0;
		if (count == VMAT_DEPTH_LIMIT)
			return 0;
		for (size_t i = length; i-- > 0;)
			zigzag = zigzag << 8 | at[i];
		zigzag >>= 3;
		turned += zigzag >> 1 ^ -(zigzag & 1);
		pcs[count++] = turned >> 2 | turned << 62;
		at += length;
		bytes -= length;
	}
	return count;
}

size_t trace_unpack_stack(const struct vmat_record *record, const uint8_t *payload,
                          uint64_t pcs[VMAT_DEPTH_LIMIT])
{
	if (record->type == VMAT_RECORD_PACKED_STACK)
		return unpack(payload, record->bytes, pcs);
	if (record->bytes % sizeof(*pcs) || record->bytes > VMAT_DEPTH_LIMIT * sizeof(*pcs))
		return 0;
	memcpy(pcs, payload, record->bytes);
	return record->bytes / sizeof(*pcs);
}

static bool take_stack(struct trace *trace, const struct vmat_record *record,
                       const uint8_t *payload, uint32_t id)
{
	uint32_t unit = trace_id_unit(trace, id);
	uint64_t pcs[VMAT_DEPTH_LIMIT];

	if (trace_unpack_stack(record, payload, pcs) == 0 ||
	    (!trace->laps && record->bytes != (uint64_t)record->lap * sizeof(uint64_t))) {
		trace->counts.damaged_records++;
		return true;
	}
	trace->stack_bits[unit / 8] = (uint8_t)(trace->stack_bits[unit / 8] | 1u << unit % 8);
	trace->counts.stacks++;
	return true;
}

/* Room that doubles: what is not used of it is never touched. */
static bool keep_text(struct trace *trace, const uint8_t *bytes, size_t length)
{
	size_t needed = trace->texts_bytes + length + 1;
	char *grown = trace->texts;

	if (needed > trace->texts_room) {
		trace->texts_room = 2 * needed;
		grown = realloc(trace->texts, trace->texts_room);
		if (!grown)
			return false;
		trace->texts = grown;
	}
	memcpy(grown + trace->texts_bytes, bytes, length);
	grown[needed - 1] = '\0';
	trace->texts_bytes = needed;
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
	named->lap = record->lap;
	named->text_at = trace->texts_bytes;
	return keep_text(trace, payload + skip, record->bytes - skip);
}

static bool take_rows(struct trace *trace, const struct vmat_record *record, const uint8_t *payload,
                      uint32_t id)
{
	struct touched *touched = APPEND(trace->touched, trace->touched_count);

	if (!touched)
		return false;
	touched->id = id;
	touched->lap = record->lap;
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
	case VMAT_RECORD_PACKED_STACK:
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
	case VMAT_RECORD_LIMITS:
		return trace_take_limits(trace, record, payload);
	default:
		trace->counts.unknown_records++;
		return true;
	}
}

/* What a walk over a section is told of it. */
struct walked {
	const uint8_t *bytes;
	size_t length;
	size_t used;  /* reserved in the lap `lap`; behind it lies the lap before */
	uint32_t lap; /* of records before `used` */
	bool is_arena;
	bool was_lapped; /* what is no record may be the rest of one */
};

static size_t record_step(const struct vmat_record *record)
{
	return sizeof(*record) +
	       (((size_t)record->bytes + VMAT_RECORD_ALIGN - 1) & ~(size_t)(VMAT_RECORD_ALIGN - 1));
}

/* Bytes from one record to the next, or 0: none begins here. An unfinished one has type 0. */
static size_t record_at(struct trace *trace, const struct walked *area, size_t offset,
                        struct vmat_record *record)
{
	size_t room = area->length - offset - sizeof(*record);
	const uint8_t *payload = area->bytes + offset + sizeof(*record);
	bool before_used = offset < area->used;
	uint32_t seed;
	bool alive;

	memcpy(record, area->bytes + offset, sizeof(*record));
	alive = !trace->laps || record->lap == area->lap ||
	        record->lap == ((area->lap - 1) & VMAT_LAP_MASK);
	if (record->type == 0) {
		trace->counts.unfinished_records += area->is_arena && before_used;
		/* What was being filled may look like anything. */
		return trace->laps && area->is_arena && record->bytes && alive &&
		                       record->bytes <= room
		               ? record_step(record)
		               : 0;
	}
	/* Every type is "V" and three letters: what is not cannot be the begin of a record. */
	if ((record->type & 0xff) != 'V' || record->bytes > room || !alive) {
		trace->counts.damaged_records += !area->was_lapped;
		return 0;
	}
	seed = trace->laps ? record->type ^ record->lap : record->type;
	if (checksum(seed, payload, record->bytes) != record->crc) {
		trace->counts.damaged_records++;
		return 0;
	}
	return record_step(record);
}

/* Records that begin in [offset, end); the offset behind the last one, or 0: out of memory. */
static size_t walk_records(struct trace *trace, struct gathered *gathered,
                           const struct walked *area, size_t offset, size_t end)
{
	size_t step;

	for (; offset < end && offset + sizeof(struct vmat_record) <= area->length;
	     offset += step) {
		struct vmat_record record;
		uint32_t id = (uint32_t)(offset / VMAT_RECORD_ALIGN);

		step = record_at(trace, area, offset, &record);
		if (step == 0) {
			step = VMAT_RECORD_ALIGN;
			continue;
		}
		if (trace->laps)
			id |= record.lap << VMAT_ID_LAP_SHIFT;
		if (record.type == 0)
			continue;
		/* Only objects live outside of the arena: nothing else could be referred to. */
		if (!area->is_arena && record.type != VMAT_RECORD_MODULE) {
			trace->counts.unknown_records++;
			continue;
		}
		if (!take_record(trace, gathered, &record, area->bytes + offset + sizeof(record),
		                 id))
			return 0;
	}
	return offset;
}

/*
 * Walks the data ranges of what was read. Holes are stepped over: what is not stored holds no record. A record
 * may end in another range than it began in.
 */
static bool walk_area(struct trace *trace, struct gathered *gathered, const struct extent *where,
                      const struct walked *area, struct trace_error *error)
{
	uint64_t from = where->offset;
	uint64_t end = from + area->length;
	size_t walked = area->is_arena ? VMAT_RECORD_ALIGN : 0;
	uint64_t at, data_end;

	for (at = from; at < end && next_data(trace->fd, &at, end, &data_end); at = data_end) {
		size_t first = (size_t)(at - from) & ~(size_t)(VMAT_RECORD_ALIGN - 1);

		if (first > walked) {
			if (area->is_arena && walked < area->used)
				trace->counts.unfinished_records +=
					((first < area->used ? first : area->used) - walked) /
					VMAT_RECORD_ALIGN;
			walked = first;
		}
		walked = walk_records(trace, gathered, area, walked, data_end - from);
		if (walked == 0)
			return trace_no_memory(error);
	}
	return true;
}

/* A private copy of the section's first `bytes`: its data ranges are read, its holes stay untouched. */
static bool read_area(struct trace *trace, const struct extent *where, size_t bytes, uint8_t **copy,
                      struct trace_error *error)
{
	uint64_t from = where->offset;
	uint64_t end = from + bytes;
	uint64_t at, data_end;

	*copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*copy == MAP_FAILED) {
		*copy = NULL;
		return trace_no_memory(error);
	}
	for (at = from; at < end && next_data(trace->fd, &at, end, &data_end); at = data_end) {
		ssize_t n = trace_read_at(trace->fd, *copy + (at - from), data_end - at, at);

		if (n < 0)
			return trace_fail_errno(error, TRACE_CANNOT_READ, at);
		if ((uint64_t)n < data_end - at)
			break; /* cut meanwhile */
	}
	return true;
}

/* How much of a section, `length` at most, the file can hold. */
static uint64_t within_file(const struct extent *where, uint64_t length, uint64_t file_bytes)
{
	if (where->offset >= file_bytes)
		return 0;
	return length < file_bytes - where->offset ? length : file_bytes - where->offset;
}

static int compare_modules(const void *left, const void *right)
{
	const struct trace_module *a = left;
	const struct trace_module *b = right;

	if (a->from_seq != b->from_seq)
		return a->from_seq < b->from_seq ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

static bool load_modules(struct trace *trace, struct gathered *gathered, uint64_t file_bytes,
                         struct trace_error *error)
{
	const struct extent *where = &trace->modules_at;
	uint64_t bytes = within_file(where, where->length, file_bytes);
	struct walked area = { .used = bytes, .was_lapped = true };

	if (bytes == 0)
		return true;
	trace->modules_bytes = bytes;
	if (!read_area(trace, where, bytes, &trace->modules_copy, error))
		return false;
	area.bytes = trace->modules_copy;
	area.length = bytes;
	return walk_area(trace, gathered, where, &area, error);
}

static bool load_arena(struct trace *trace, struct gathered *gathered, uint64_t file_bytes,
                       struct trace_error *error)
{
	const struct extent *where = &trace->arena_at;
	uint64_t used = trace->counts.arena_used;
	uint64_t bytes = trace->counts.arena_lap ? where->length : used;
	struct walked area = {
		.used = used,
		.lap = trace->counts.arena_lap,
		.is_arena = true,
		.was_lapped = trace->counts.arena_lap,
	};
	/* The offsets that an id can say. */
	uint64_t most = (trace->laps ? 1ull << VMAT_ID_LAP_SHIFT : UINT32_MAX) * VMAT_RECORD_ALIGN;

	if (bytes > where->length)
		bytes = where->length;
	bytes = within_file(where, bytes < most ? bytes : most, file_bytes);
	if (bytes == 0)
		return true;
	trace->arena_bytes = bytes;
	trace->stack_bits = calloc(bytes / VMAT_RECORD_ALIGN / 8 + 1, 1);
	if (!trace->stack_bits)
		return trace_no_memory(error);
	if (!read_area(trace, where, bytes, &trace->arena, error))
		return false;
	area.bytes = trace->arena;
	area.length = bytes;
	return walk_area(trace, gathered, where, &area, error);
}

bool trace_arena_load(struct trace *trace, struct trace_error *error)
{
	struct gathered gathered = { 0 };
	struct stat status;
	bool fine;

	if (fstat(trace->fd, &status) < 0)
		return trace_fail_errno(error, TRACE_CANNOT_READ, 0);
	fine = load_modules(trace, &gathered, (uint64_t)status.st_size, error) &&
	       load_arena(trace, &gathered, (uint64_t)status.st_size, error) &&
	       trace_snapshots_make(trace, &gathered, error);
	trace_limits_sort(trace);
	trace_gathered_release(&gathered);
	if (fine && trace->module_count)
		qsort(trace->modules, trace->module_count, sizeof(*trace->modules),
		      compare_modules);
	return fine && (trace_modules_index(trace) || trace_no_memory(error));
}

void trace_arena_release(struct trace *trace)
{
	for (size_t i = 0; i < trace->touched_count; i++)
		proc_maps_release(&trace->touched[i].maps);
	for (size_t i = 0; i < trace->module_count; i++)
		free((char *)(uintptr_t)trace->modules[i].path);
	for (size_t i = 0; i < trace->snapshot_count; i++)
		proc_maps_release(&trace->snapshot_maps[i]);
	free(trace->named);
	free(trace->texts);
	free(trace->touched);
	free(trace->limits);
	free(trace->modules);
	free(trace->module_places);
	free(trace->snapshots);
	free(trace->snapshot_maps);
	free(trace->stack_bits);
	if (trace->arena)
		munmap(trace->arena, trace->arena_bytes);
	if (trace->modules_copy)
		munmap(trace->modules_copy, trace->modules_bytes);
}
