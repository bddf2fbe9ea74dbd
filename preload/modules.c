/*
 * modules.c: finds loaded objects and writes each into the trace once.
 */
#include "modules.h"

#include <elf.h>
#include <dlfcn.h>
#include <link.h>

#include "depot.h"
#include "modules_table.h"
#include "recorder.h"
#include "ring.h"
#include "text.h"

static struct {
	struct modules_table *table;
	bool taking_own; /* what appears now is the recorder's */
} modules;

void modules_table_init(struct modules_table *table)
{
	modules.table = table;
}

/* The build-id among the notes of [at, end), if there is one. */
static void take_build_id(struct vmat_module *module, const char *at, const char *end)
{
	while (at + sizeof(Elf64_Nhdr) <= end) {
		const Elf64_Nhdr *note = (const void *)at;
		uint64_t name_bytes = ((uint64_t)note->n_namesz + 3) & ~3ull;
		uint64_t bytes = ((uint64_t)note->n_descsz + 3) & ~3ull;
		const char *name = at + sizeof(*note);
		uint64_t left = (uint64_t)(end - name);

		if (name_bytes > left || bytes > left - name_bytes)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    text_equal(name, "GNU") && note->n_descsz <= VMAT_BUILD_ID_BYTES) {
			module->build_id_bytes = note->n_descsz;
			__builtin_memcpy(module->build_id, name + name_bytes, note->n_descsz);
			return;
		}
		at = name + name_bytes + bytes;
	}
}

/* The program headers of a loaded object lie behind the ELF header at its start. */
static void read_notes(struct vmat_module *module)
{
	const Elf64_Ehdr *header = (const void *)module->start;
	const Elf64_Phdr *segments;

	if (__builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_phoff + header->e_phnum * sizeof(*segments) > 4096)
		return;
	segments = (const void *)(module->start + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum && !module->build_id_bytes; i++) {
		const char *notes = (const char *)(module->bias + segments[i].p_vaddr);

		if (segments[i].p_type == PT_NOTE && (uint64_t)notes >= module->start &&
		    (uint64_t)notes + segments[i].p_memsz <= module->end)
			take_build_id(module, notes, notes + segments[i].p_memsz);
	}
}

static uint32_t entries(const struct modules_table *table)
{
	uint32_t count = __atomic_load_n(&table->count, __ATOMIC_ACQUIRE);

	return count < MODULES_LIMIT ? count : MODULES_LIMIT;
}

/* True if this record, id in the trace, says the same. A part of an object may know no build-id. */
static bool says_the_same(uint32_t id, const struct vmat_module *module, const char *path)
{
	const struct vmat_record *record =
		(const void *)(ring.arena + (uint64_t)id * VMAT_RECORD_ALIGN);
	const struct vmat_module *written = (const void *)(record + 1);
	size_t path_bytes = text_length(path);

	return record->type == VMAT_RECORD_MODULE && written->bias == module->bias &&
	       record->bytes == sizeof(*written) + path_bytes &&
	       !__builtin_memcmp(written + 1, path, path_bytes) &&
	       (!module->build_id_bytes ||
	        !__builtin_memcmp(written->build_id, module->build_id, VMAT_BUILD_ID_BYTES));
}

static bool is_written(const struct vmat_module *module, const char *path)
{
	const struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < entries(table); i++) {
		uint64_t end = __atomic_load_n(&table->entry[i].end, __ATOMIC_ACQUIRE);
		uint32_t id = table->entry[i].record;

		/* Without an id the arena was full: it is now. */
		if (module->start >= table->entry[i].start && module->end <= end &&
		    (!id || says_the_same(id, module, path)))
			return true;
	}
	return false;
}

/* What lay where this one lies is no longer there. */
static void forget_overlapped(const struct vmat_module *module)
{
	struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < entries(table); i++) {
		if (module->start < table->entry[i].end && table->entry[i].start < module->end)
			__atomic_store_n(&table->entry[i].end, 0, __ATOMIC_RELEASE);
	}
}

bool modules_are_own(uint64_t pc)
{
	const struct modules_table *table = modules.table;

	for (uint32_t i = table->own_first; i < table->own_end; i++) {
		if (table->entry[i].own && pc >= table->entry[i].start && pc < table->entry[i].end)
			return true;
	}
	return false;
}

static void write_module(struct vmat_module *module, const char *path)
{
	struct modules_table *table = modules.table;
	size_t path_bytes = text_length(path);
	size_t bytes = sizeof(*module) + path_bytes;
	uint32_t index, id = 0;
	char *payload;

	read_notes(module);
	if (is_written(module, path))
		return;
	forget_overlapped(module);
	index = __atomic_fetch_add(&table->count, 1, __ATOMIC_ACQ_REL);
	if (index >= MODULES_LIMIT) {
		ring_count(&ring.control->arena_full);
		return;
	}
	module->from_seq = ring_head();
	module->flags = modules.taking_own;
	payload = depot_begin(bytes, &id);
	if (payload) {
		__builtin_memcpy(payload, module, sizeof(*module));
		__builtin_memcpy(payload + sizeof(*module), path, path_bytes);
		depot_finish(payload, VMAT_RECORD_MODULE, bytes, bytes, 0);
	}
	table->entry[index].record = id;
	table->entry[index].own = modules.taking_own;
	table->entry[index].start = module->start;
	__atomic_store_n(&table->entry[index].end, module->end, __ATOMIC_RELEASE);
}

static int visit(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct vmat_module module = { .bias = info->dlpi_addr, .start = UINT64_MAX };

	(void)bytes;
	(void)context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD)
			continue;
		if (start < module.start)
			module.start = start & ~4095ull;
		if (start + segment->p_memsz > module.end)
			module.end = (start + segment->p_memsz + 4095) & ~4095ull;
	}
	if (module.start < module.end)
		write_module(&module, info->dlpi_name ? info->dlpi_name : "");
	return 0;
}

void modules_snapshot(void)
{
	struct modules_table *table = modules.table;

	modules.taking_own = unwind_ready();
	if (modules.taking_own)
		table->own_first = entries(table);
	dl_iterate_phdr(visit, NULL);
	if (modules.taking_own)
		table->own_end = entries(table);
	modules.taking_own = false;
}

void modules_note(uint64_t pc)
{
	struct vmat_module module = { 0 };
	struct dl_find_object found;

	if (_dl_find_object((void *)pc, &found))
		return;
	module.bias = found.dlfo_link_map->l_addr;
	module.start = (uint64_t)found.dlfo_map_start;
	module.end = (uint64_t)found.dlfo_map_end;
	write_module(&module, found.dlfo_link_map->l_name);
}

void modules_copy_from(const struct ring *parent)
{
	struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < entries(table); i++) {
		uint64_t offset = (uint64_t)table->entry[i].record * VMAT_RECORD_ALIGN;
		const struct vmat_record *record = (const void *)(parent->arena + offset);
		struct vmat_module *payload;

		if (!table->entry[i].end || !table->entry[i].record ||
		    record->type != VMAT_RECORD_MODULE)
			continue;
		payload = depot_begin(record->bytes, &table->entry[i].record);
		if (!payload)
			continue;
		__builtin_memcpy(payload, record + 1, record->bytes);
		payload->from_seq = 0;
		depot_finish(payload, VMAT_RECORD_MODULE, record->bytes, record->bytes, 0);
	}
}
