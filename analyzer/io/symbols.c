/*
 * symbols.c: see symbols.h. Two caches: what a (module, address) is called, and which frames a stack has. Both are
 * bounded, for a trace can name more of either than memory holds.
 */
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/escape.h"
#include "core/number_table.h"
#include "debuginfod.h"
#include "frame_cache.h"
#include "image.h"
#include "memory_left.h"
#include "perf_map.h"
#include "runtime.h"

/* The file of one module of the trace. */
struct opened {
	bool tried;
	struct image *image; /* NULL: no symbols */
};

/*
 * Bytes of one generation of a cache, of two, whatever the trace, and the part of its size that comes on top: what
 * a large trace has many of is asked for again and again. With what is learnt, about half of the 64 MiB that a
 * reader may take beside four times the file.
 */
enum {
	ADDRESSES_BYTES = 3 << 20,
	STACKS_BYTES = 5 << 20,
	PART_OF_FILE = 16,
	LEARNT_BYTES = 12 << 20,
	ROOM_TO_OPEN = 1 << 20,
	LEARNT_BESIDE =
		8
		<< 20, /* where there is another reader: as much as was kept of earlier runs at most */
};

struct symbols {
	const struct trace *trace;
	const struct symbol_sources *sources;
	struct debuginfod *debuginfod; /* NULL: nothing is fetched */
	const struct trace_module *modules;
	size_t module_count;
	struct opened *
		opened; /* beside modules; of those that have path and build-id in common the first */
	struct number_table first_of; /* hash of path and build-id -> the first such module + 1 */
	size_t learn_room;            /* for what images may yet learn and keep for other runs */
	bool memory_limited;
	size_t readers; /* that may want room at once */
	size_t without_memory;
	bool modules_overlap; /* an address may belong to one module now and to another later */
	size_t changed;
	struct demangler *demangler;
	bool perf_map_tried;
	struct perf_map *perf_map; /* NULL: none, or not yet */
	struct frame_cache addresses;
	struct frame_cache stacks;
};

struct symbols *symbols_new(const struct trace *trace, const struct symbol_sources *sources)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	size_t readers = sources->at_once ? sources->at_once : 1;
	size_t part = trace_file_bytes(trace) / PART_OF_FILE;

	if (!symbols)
		return NULL;
	symbols->trace = trace;
	symbols->sources = sources;
	if (sources->debuginfod)
		symbols->debuginfod = debuginfod_new();
	symbols->modules = trace_modules(trace, &symbols->module_count);
	symbols->opened = calloc(symbols->module_count + 1, sizeof(*symbols->opened));
	symbols->demangler = demangler_new();
	if (!symbols->opened || !symbols->demangler) {
		symbols_free(symbols);
		return NULL;
	}
	symbols->modules_overlap = trace_modules_overlap(trace);
	symbols->memory_limited = memory_is_limited();
	symbols->readers = readers;
	symbols->learn_room = readers > 1 ? LEARNT_BESIDE : LEARNT_BYTES;
	symbols->addresses.limit_bytes = (ADDRESSES_BYTES + part) / readers;
	symbols->stacks.limit_bytes = (STACKS_BYTES + part) / readers;
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	/* First, for images write down what they learnt, which takes memory. */
	frame_cache_release(&symbols->addresses);
	frame_cache_release(&symbols->stacks);
	for (size_t i = 0; symbols->opened && i < symbols->module_count; i++) {
		if (symbols->opened[i].image)
			image_close(symbols->opened[i].image);
	}
	number_table_release(&symbols->first_of);
	perf_map_close(symbols->perf_map);
	debuginfod_free(symbols->debuginfod);
	demangler_free(symbols->demangler);
	free(symbols->opened);
	free(symbols);
}

size_t symbols_without_memory(const struct symbols *symbols)
{
	return symbols->without_memory;
}

size_t symbols_changed_modules(const struct symbols *symbols)
{
	return symbols->changed;
}

size_t symbols_doubtful_names(const struct symbols *symbols)
{
	return perf_map_doubtful(symbols->perf_map);
}

struct missing_units symbols_missing_units(const struct symbols *symbols)
{
	struct missing_units missing = { 0 };

	for (size_t i = 0; i < symbols->module_count; i++) {
		const struct image *image = symbols->opened[i].image;
		bool foreign = false;
		size_t count = image ? image_missing_units(image, &foreign) : 0;

		if (count && missing.count == 0) {
			missing.module = symbols->modules[i].path;
			missing.foreign = foreign;
		}
		missing.count += count;
		missing.modules += count > 0;
	}
	return missing;
}

/* A relative path is as the program saw it. The caller frees it. */
static char *path_on_disk(const struct symbols *symbols, const char *path)
{
	char *full;

	/* "[vdso]", "linux-vdso.so.1": no file. */
	if (!strchr(path, '/'))
		return NULL;
	if (path[0] == '/')
		return strdup(path);
	if (asprintf(&full, "%s/%s", trace_header(symbols->trace)->cwd, path) < 0)
		return NULL;
	return full;
}

static bool same_object(const struct trace_module *a, const struct trace_module *b)
{
	return strcmp(a->path, b->path) == 0 && a->build_id_bytes == b->build_id_bytes &&
	       memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

/* An object that was loaded a thousand times, here and there, is read once. */
static size_t first_like(struct symbols *symbols, size_t index)
{
	const struct trace_module *module = &symbols->modules[index];
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
	uint64_t *first;

	for (const char *at = module->path; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3ull;
	for (size_t i = 0; i < module->build_id_bytes; i++)
		hash = (hash ^ module->build_id[i]) * 0x100000001b3ull;
	first = number_table_at(&symbols->first_of, hash);
	if (first && !*first)
		*first = index + 1;
	return first && same_object(&symbols->modules[*first - 1], module) ? *first - 1 : index;
}

static struct image *image_of(struct symbols *symbols, size_t module_index)
{
	size_t index = first_like(symbols, module_index);
	const struct trace_module *module = &symbols->modules[index];
	struct opened *opened = &symbols->opened[index];
	enum image_status status;
	char *path;

	if (opened->tried)
		return opened->image;
	opened->tried = true;
	path = path_on_disk(symbols, module->path);
	if (!path)
		return NULL;
	opened->image = image_open(symbols->sources, symbols->debuginfod, path, module->build_id,
	                           module->build_id_bytes, &symbols->learn_room, &status);
	symbols->changed += status == IMAGE_CHANGED;
	free(path);
	return opened->image;
}

static bool has_room(const struct symbols *symbols, size_t bytes)
{
	return !symbols->memory_limited || memory_left(bytes * symbols->readers);
}

/* NULL: it has none, or there is no memory to read it, which is counted. */
static struct image *readable_image(struct symbols *symbols, size_t index)
{
	struct image *image = NULL;
	bool room = has_room(symbols, ROOM_TO_OPEN);

	if (room)
		image = image_of(symbols, index);
	if (image)
		room = has_room(symbols, image_room(image));
	symbols->without_memory += !room;
	return room ? image : NULL;
}

/* The name of code that lies in no object: a JIT compiler may have told perf. */
static const char *name_of_jit_code(struct symbols *symbols, uint64_t address)
{
	const struct vmat_header *header = trace_header(symbols->trace);

	if (!symbols->perf_map_tried) {
		symbols->perf_map_tried = true;
		symbols->perf_map =
			perf_map_open(symbols->sources->sysroot, header->pid, header->realtime_ns);
	}
	return perf_map_at(symbols->perf_map, address);
}

/* The frames of one return address, as a stack has it (VMAT_PC_MARKS). NULL when out of memory. */
static const struct frame_list *frames_of_address(struct symbols *symbols, uint64_t marked,
                                                  uint64_t seq)
{
	uint64_t pc = marked & ~VMAT_PC_MARKS;
	/* A call is the last thing before its return address, which may be the next function's first byte. */
	uint64_t address = pc && !(marked & VMAT_PC_EXACT) ? pc - 1 : pc;
	const struct trace_module *module = trace_module_at(symbols->trace, address, seq);
	size_t index = module ? (size_t)(module - symbols->modules) : symbols->module_count;
	const uint64_t key[2] = { marked, index };
	const struct frame_list *list = frame_cache_find(&symbols->addresses, key);
	struct image_frame found[IMAGE_FRAME_LIMIT] = { 0 };
	struct image *image = list || !module ? NULL : readable_image(symbols, index);
	size_t count = 1;

	if (list)
		return list;
	if (image)
		count = image_frames(image, symbols->demangler, address - module->bias, found);
	else if (!module)
		found[0].function = name_of_jit_code(symbols, address);
	list = frame_cache_add(&symbols->addresses, key, count);
	for (size_t i = 0; list && i < count; i++) {
		struct frame *frame = &list->frames[i];

		*frame = (struct frame) {
			.pc = pc,
			.offset = module ? pc - module->bias : pc,
			.module = module              ? module->path
			          : found[i].function ? "[jit]"
			                              : NULL,
			.function = found[i].function,
			.file = found[i].file,
			.path = found[i].path,
			.line = found[i].line,
			.inlined = found[i].inlined,
			.by_frame_pointer = marked & VMAT_PC_BY_FP,
		};
		frame->runtime = (module && module->recorder) ||
		                 runtime_owns(frame->module, frame->function);
	}
	return list;
}

/* NULL when out of memory. */
static const struct frame_list *join_frames(struct symbols *symbols, const uint64_t *pcs,
                                            size_t pc_count, uint64_t seq, const uint64_t key[2])
{
	const struct frame_list *address, *joined;
	size_t count = 0, filled = 0;

	for (size_t i = 0; i < pc_count; i++) {
		address = frames_of_address(symbols, pcs[i], seq);
		if (!address)
			return NULL;
		count += address->count;
	}
	joined = frame_cache_add(&symbols->stacks, key, count);
	for (size_t i = 0; joined && i < pc_count; i++) {
		/* Perhaps forgotten meanwhile, and found out once more: the same again, unless memory ran out. */
		address = frames_of_address(symbols, pcs[i], seq);
		if (!address || address->count > count - filled)
			break;
		memcpy(&joined->frames[filled], address->frames,
		       address->count * sizeof(*address->frames));
		filled += address->count;
	}
	return joined;
}

/* While no two modules ever shared an address, a stack means the same at every moment. */
static uint64_t epoch_of(const struct symbols *symbols, uint64_t seq)
{
	size_t low = 0, high = symbols->modules_overlap ? symbols->module_count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->modules[middle].from_seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct stack_place stack_place_of(const struct event *event)
{
	if ((event->flags & VMAT_EVENT_INTERNAL) || event->call == CALL_IMPLICIT)
		return (struct stack_place) { 0 };
	return (struct stack_place) { event->seq, event->caller, event->stack };
}

uint64_t symbols_key(const struct symbols *symbols, const struct event *event)
{
	struct stack_place place = stack_place_of(event);
	uint64_t which = place.stack ? place.stack : place.caller ^ 1ull << 63;

	if (!place.stack && !place.caller)
		return 0;
	return which ^ epoch_of(symbols, place.seq) * 0x9e3779b97f4a7c15ull;
}

size_t symbols_frames_at(struct symbols *symbols, const struct stack_place *place,
                         const struct frame **frames)
{
	const uint64_t key[2] = { place->stack, epoch_of(symbols, place->seq) };
	const struct frame_list *list = NULL;
	uint64_t pcs[VMAT_DEPTH_LIMIT];
	size_t pc_count = 0;

	*frames = NULL;
	if (place->stack)
		list = frame_cache_find(&symbols->stacks, key);
	if (!list) {
		pc_count = trace_stack(symbols->trace, place->stack, pcs);
		if (pc_count)
			list = join_frames(symbols, pcs, pc_count, place->seq, key);
		else if (place->caller)
			list = frames_of_address(symbols, place->caller, place->seq);
	}
	if (!list) {
		symbols->without_memory += pc_count ? pc_count : place->caller != 0;
		return 0;
	}
	*frames = list->frames;
	return list->count;
}

size_t symbols_frames(struct symbols *symbols, const struct event *event,
                      const struct frame **frames)
{
	struct stack_place place = stack_place_of(event);

	return symbols_frames_at(symbols, &place, frames);
}

size_t frames_call_site(const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!frames[i].runtime)
			return i;
	}
	return 0;
}

const struct frame *symbols_call_site(struct symbols *symbols, const struct event *event)
{
	const struct frame *frames;
	size_t count = symbols_frames(symbols, event, &frames);

	return count ? &frames[frames_call_site(frames, count)] : NULL;
}

bool symbols_build(struct symbols *symbols, const char *name, struct module_build *build,
                   bool *lost)
{
	*lost = false;
	for (size_t i = 0; i < symbols->module_count; i++) {
		const char *path = symbols->modules[i].path;
		const char *slash = strrchr(path, '/');

		if (strcmp(slash ? slash + 1 : path, name) != 0)
			continue;
		if (!image_of(symbols, i)) {
			*lost = *lost || slash;
			continue;
		}
		image_build(symbols->opened[i].image, build);
		*lost = false;
		return true;
	}
	return false;
}

void frame_text(const struct frame *frame, char *text, size_t bytes)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *module = slash ? slash + 1 : frame->module;
	char function[256];
	char place[256];

	if (!frame->module) {
		snprintf(text, bytes, "0x%" PRIx64, frame->pc);
		return;
	}
	text_escaped(place, sizeof(place), frame->file ? frame->file : module);
	if (!frame->function) {
		text_escaped(place, sizeof(place), module);
		snprintf(text, bytes, "%s+0x%" PRIx64, place, frame->offset);
		return;
	}
	text_escaped(function, sizeof(function), frame->function);
	if (frame->file && frame->line)
		snprintf(text, bytes, "%s (%s:%" PRIu32 ")", function, place, frame->line);
	else
		snprintf(text, bytes, "%s (%s)", function, place);
}
