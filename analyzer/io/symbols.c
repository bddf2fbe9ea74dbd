/*
 * symbols.c: see symbols.h. Two caches: what a (module, address) is called, and which frames a stack has.
 */
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/escape.h"
#include "debuginfod.h"
#include "image.h"
#include "perf_map.h"
#include "runtime.h"

/* The file of one module of the trace. */
struct opened {
	bool tried;
	struct image *image; /* NULL: no symbols */
};

/* A list of frames by key; the keys of the two caches are never 0. */
struct cached {
	uint64_t key[2];
	struct frame *frames;
	size_t count;
};

struct cache {
	struct cached
		*items; /* open addressing; a power of two of slots, at most half of them taken */
	size_t slots;
	size_t count;
};

struct symbols {
	const struct trace *trace;
	const struct symbol_sources *sources;
	struct debuginfod *debuginfod; /* NULL: nothing is fetched */
	const struct trace_module *modules;
	size_t module_count;
	struct opened *opened; /* beside modules */
	bool modules_overlap;  /* an address may belong to one module now and to another later */
	size_t changed;
	struct demangler *demangler;
	bool perf_map_tried;
	struct perf_map *perf_map; /* NULL: none, or not yet */
	struct cache addresses;
	struct cache stacks;
};

struct symbols *symbols_new(const struct trace *trace, const struct symbol_sources *sources)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

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
	return symbols;
}

static void release_cache(struct cache *cache)
{
	for (size_t i = 0; i < cache->slots; i++)
		free(cache->items[i].frames);
	free(cache->items);
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; symbols->opened && i < symbols->module_count; i++) {
		if (symbols->opened[i].image)
			image_close(symbols->opened[i].image);
	}
	release_cache(&symbols->addresses);
	release_cache(&symbols->stacks);
	perf_map_close(symbols->perf_map);
	debuginfod_free(symbols->debuginfod);
	demangler_free(symbols->demangler);
	free(symbols->opened);
	free(symbols);
}

size_t symbols_changed_modules(const struct symbols *symbols)
{
	return symbols->changed;
}

/* The slot of the key, or the free one where it belongs. */
static struct cached *slot_of(struct cached *items, size_t slots, const uint64_t key[2])
{
	uint64_t at = (key[0] * 0x9e3779b97f4a7c15ull ^ key[1] * 0xc2b2ae3d27d4eb4full) >> 20;

	while (items[at & (slots - 1)].frames && (items[at & (slots - 1)].key[0] != key[0] ||
	                                          items[at & (slots - 1)].key[1] != key[1]))
		at++;
	return &items[at & (slots - 1)];
}

/* What the cache has of the key, or an empty slot to be filled; NULL when out of memory. */
static struct cached *look_up(struct cache *cache, uint64_t first, uint64_t second)
{
	uint64_t key[2] = { first, second };
	struct cached *found;

	if (cache->count * 2 >= cache->slots) {
		size_t slots = cache->slots ? 2 * cache->slots : 256;
		struct cached *items = calloc(slots, sizeof(*items));

		if (!items)
			return NULL;
		for (size_t i = 0; i < cache->slots; i++) {
			if (cache->items[i].frames)
				*slot_of(items, slots, cache->items[i].key) = cache->items[i];
		}
		free(cache->items);
		cache->items = items;
		cache->slots = slots;
	}
	found = slot_of(cache->items, cache->slots, key);
	memcpy(found->key, key, sizeof(key));
	return found;
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

static struct image *image_of(struct symbols *symbols, size_t index)
{
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
	                           module->build_id_bytes, &status);
	symbols->changed += status == IMAGE_CHANGED;
	free(path);
	return opened->image;
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
static const struct cached *frames_of_address(struct symbols *symbols, uint64_t marked,
                                              uint64_t seq)
{
	uint64_t pc = marked & ~VMAT_PC_MARKS;
	/* A call is the last thing before its return address, which may be the next function's first byte. */
	uint64_t address = pc && !(marked & VMAT_PC_EXACT) ? pc - 1 : pc;
	const struct trace_module *module = trace_module_at(symbols->trace, address, seq);
	size_t index = module ? (size_t)(module - symbols->modules) : symbols->module_count;
	struct cached *cached = look_up(&symbols->addresses, marked, index);
	struct image_frame found[IMAGE_FRAME_LIMIT] = { 0 };
	size_t count = 1;

	if (!cached || cached->frames)
		return cached;
	if (module && image_of(symbols, index))
		count = image_frames(image_of(symbols, index), symbols->demangler,
		                     address - module->bias, found);
	else if (!module)
		found[0].function = name_of_jit_code(symbols, address);
	cached->frames = calloc(count, sizeof(*cached->frames));
	if (!cached->frames)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct frame *frame = &cached->frames[i];

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
	cached->count = count;
	symbols->addresses.count++;
	return cached;
}

static bool join_frames(struct symbols *symbols, const uint64_t *pcs, size_t pc_count, uint64_t seq,
                        struct cached *into)
{
	size_t count = 0;

	for (size_t i = 0; i < pc_count; i++) {
		const struct cached *address = frames_of_address(symbols, pcs[i], seq);

		if (!address)
			return false;
		count += address->count;
	}
	into->frames = calloc(count, sizeof(*into->frames));
	if (!into->frames)
		return false;
	into->count = 0;
	for (size_t i = 0; i < pc_count; i++) {
		const struct cached *address = frames_of_address(symbols, pcs[i], seq);

		if (!address)
			break;
		memcpy(&into->frames[into->count], address->frames,
		       address->count * sizeof(*into->frames));
		into->count += address->count;
	}
	return true;
}

/* While no two modules ever shared an address, a stack means the same at every moment. */
static uint64_t epoch_of(const struct symbols *symbols, uint64_t seq)
{
	uint64_t epoch = 0;

	if (!symbols->modules_overlap)
		return 0;
	while (epoch < symbols->module_count && symbols->modules[epoch].from_seq <= seq)
		epoch++;
	return epoch;
}

size_t symbols_frames(struct symbols *symbols, const struct event *event,
                      const struct frame **frames)
{
	const struct cached *address;
	struct cached *stack;
	uint64_t pcs[VMAT_DEPTH_LIMIT];
	size_t pc_count;

	*frames = NULL;
	if ((event->flags & VMAT_EVENT_INTERNAL) || event->call == CALL_IMPLICIT)
		return 0;
	pc_count = trace_stack(symbols->trace, event->stack, pcs);
	if (!pc_count) {
		address = event->caller ? frames_of_address(symbols, event->caller, event->seq)
		                        : NULL;
		*frames = address ? address->frames : NULL;
		return address ? address->count : 0;
	}
	stack = look_up(&symbols->stacks, event->stack, epoch_of(symbols, event->seq));
	if (!stack)
		return 0;
	if (!stack->frames) {
		if (!join_frames(symbols, pcs, pc_count, event->seq, stack))
			return 0;
		symbols->stacks.count++;
	}
	*frames = stack->frames;
	return stack->count;
}

const struct frame *symbols_call_site(struct symbols *symbols, const struct event *event)
{
	const struct frame *frames;
	size_t count = symbols_frames(symbols, event, &frames);

	for (size_t i = 0; i < count; i++) {
		if (!frames[i].runtime)
			return &frames[i];
	}
	return count ? &frames[0] : NULL;
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
