/*
 * modules.c: finds loaded objects and writes each into the trace once.
 */
#include "modules.h"

#include <elf.h>
#include <dlfcn.h>
#include <link.h>

#include "cfi_table.h"
#include "depot.h"
#include "modules_table.h"
#include "real.h"
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

static struct vmat_record *record_of(const struct ring *of, const struct modules_entry *entry)
{
	return (struct vmat_record *)(void *)(of->modules + (uint64_t)entry->unit * MODULES_UNIT);
}

/* True if its record says the same. A part of an object may know no build-id. */
static bool says_the_same(const struct modules_entry *entry, const struct vmat_module *module,
                          const char *path)
{
	const struct vmat_record *record = record_of(&ring, entry);
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
		const struct modules_entry *entry = &table->entry[i];
		uint64_t end = __atomic_load_n(&entry->end, __ATOMIC_ACQUIRE);

		/* Without a record the section was full: it is now. */
		if (module->start >= entry->start && module->end <= end &&
		    (!entry->units || says_the_same(entry, module, path)))
			return true;
	}
	return false;
}

/* What lay where this one lies is no longer there. */
static void forget_overlapped(const struct vmat_module *module)
{
	struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < entries(table); i++) {
		struct modules_entry *entry = &table->entry[i];

		if (module->start >= entry->end || entry->start >= module->end)
			continue;
		__atomic_store_n(&entry->end, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&entry->displaced, ring_head() + 1, __ATOMIC_RELEASE);
	}
}

/* Takes `units` of the section. False: it is full, or its pages are refused. */
static bool take_units(struct modules_entry *entry, uint32_t units)
{
	uint32_t unit = __atomic_load_n(&modules.table->units, __ATOMIC_RELAXED);

	do {
		if (unit + units > MODULES_UNITS)
			return false;
	} while (!__atomic_compare_exchange_n(&modules.table->units, &unit, unit + units, true,
	                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (!ring_modules_ready((uint64_t)(unit + units) * MODULES_UNIT))
		return false;
	entry->unit = unit;
	entry->units = (uint16_t)units;
	return true;
}

/* The place of an object that no event the ring holds can have been in. Whoever gets it is the only one. */
static struct modules_entry *take_displaced(uint32_t units)
{
	struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < entries(table); i++) {
		struct modules_entry *entry = &table->entry[i];
		uint64_t since = __atomic_load_n(&entry->displaced, __ATOMIC_ACQUIRE);

		if (since && entry->units >= units && !entry->own &&
		    ring_head() + 1 - since > 2 * ring.slot_count &&
		    __atomic_compare_exchange_n(&entry->displaced, &since, 0, false,
		                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return entry;
	}
	return NULL;
}

static struct modules_entry *take_entry(uint32_t units)
{
	struct modules_entry *entry = take_displaced(units);
	uint32_t index;

	if (entry)
		return entry;
	index = __atomic_load_n(&modules.table->count, __ATOMIC_RELAXED);
	do {
		if (index >= MODULES_LIMIT) {
			ring_count(&ring.control->modules_full);
			return NULL;
		}
	} while (!__atomic_compare_exchange_n(&modules.table->count, &index, index + 1, true,
	                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	entry = &modules.table->entry[index];
	if (!take_units(entry, units))
		ring_count(&ring.control->modules_full);
	return entry;
}

static uint32_t units_for(size_t payload_bytes)
{
	return (uint32_t)((sizeof(struct vmat_record) + payload_bytes + MODULES_UNIT - 1) /
	                  MODULES_UNIT);
}

/* Writes the record of an entry that has units. The place may have been another's. */
static void put_record(const struct modules_entry *entry, const struct vmat_module *module,
                       const char *path, size_t path_bytes)
{
	struct vmat_record *record = record_of(&ring, entry);
	struct vmat_module *payload = (void *)(record + 1);

	__atomic_store_n(&record->type, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__builtin_memset(record, 0, (size_t)entry->units * MODULES_UNIT);
	*payload = *module;
	__builtin_memcpy(payload + 1, path, path_bytes);
	depot_seal(record, VMAT_RECORD_MODULE, sizeof(*payload) + path_bytes,
	           ring_crc(VMAT_RECORD_MODULE, payload, sizeof(*payload) + path_bytes));
}

bool modules_are_own(uint64_t pc)
{
	const struct modules_table *table = modules.table;

	if (pc - table->own_low >= table->own_high - table->own_low)
		return false;
	for (uint32_t i = table->own_first; i < table->own_end; i++) {
		if (table->entry[i].own && pc >= table->entry[i].start && pc < table->entry[i].end)
			return true;
	}
	return false;
}

bool modules_stay(uint64_t pc)
{
	const struct modules_table *table = modules.table;

	for (uint32_t i = 0; i < table->stay; i++) {
		if (pc >= table->entry[i].start && pc < table->entry[i].end)
			return true;
	}
	return false;
}

static void write_module(struct vmat_module *module, const char *path)
{
	size_t path_bytes = text_length(path);
	struct modules_entry *entry;

	read_notes(module);
	if (is_written(module, path))
		return;
	forget_overlapped(module);
	entry = take_entry(units_for(sizeof(*module) + path_bytes));
	if (!entry)
		return;
	module->from_seq = ring_head();
	module->flags = modules.taking_own;
	if (entry->units)
		put_record(entry, module, path, path_bytes);
	entry->own = modules.taking_own;
	entry->start = module->start;
	__atomic_store_n(&entry->end, module->end, __ATOMIC_RELEASE);
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

/* The recorder's own end here; they lie close together, so that one look tells most callers apart. */
static void close_own(struct modules_table *table)
{
	table->own_end = entries(table);
	table->own_low = UINT64_MAX;
	for (uint32_t i = table->own_first; i < table->own_end; i++) {
		if (table->entry[i].start < table->own_low)
			table->own_low = table->entry[i].start;
		if (table->entry[i].end > table->own_high)
			table->own_high = table->entry[i].end;
	}
}

void modules_snapshot(void)
{
	struct modules_table *table = modules.table;

	modules.taking_own = unwind_ready();
	if (modules.taking_own)
		table->own_first = entries(table);
	real.dl_iterate_phdr(visit, NULL);
	if (modules.taking_own)
		close_own(table);
	else
		table->stay = entries(table);
	modules.taking_own = false;
}

void modules_note(uint64_t pc)
{
	struct vmat_module module = { 0 };
	struct dl_find_object found;

	if (!cfi_object(pc, &found))
		return;
	module.bias = found.dlfo_link_map->l_addr;
	module.start = (uint64_t)found.dlfo_map_start;
	module.end = (uint64_t)found.dlfo_map_end;
	write_module(&module, found.dlfo_link_map->l_name);
}

/* The parent's ring is the program's to damage until the child has its own: nothing of it is believed. */
static bool is_whole(const struct modules_entry *entry, const struct vmat_record *record,
                     uint32_t bytes)
{
	return bytes >= sizeof(struct vmat_module) && units_for(bytes) <= entry->units &&
	       ring_crc(VMAT_RECORD_MODULE, record + 1, bytes) == record->crc;
}

void modules_copy_from(const struct ring *parent)
{
	struct modules_table *table = modules.table;

	table->units = 0;
	for (uint32_t i = 0; i < entries(table); i++) {
		struct modules_entry *entry = &table->entry[i];
		const struct vmat_record *record = record_of(parent, entry);
		const struct vmat_module *written = (const void *)(record + 1);
		/* Once: the parent, whose ring it is, goes on, and the length may be another one soon. */
		uint32_t bytes = __atomic_load_n(&record->bytes, __ATOMIC_RELAXED);
		bool whole = entry->end && entry->units && is_whole(entry, record, bytes);
		struct vmat_module module;

		/* It is met anew; but what is the recorder's own must be known as such. */
		if (entry->end && entry->units && !whole && !entry->own)
			entry->end = 0;
		entry->units = 0;
		entry->displaced = 0;
		if (!whole || !take_units(entry, units_for(bytes)))
			continue;
		module = *written;
		module.from_seq = 0;
		put_record(entry, &module, (const char *)(written + 1), bytes - sizeof(module));
	}
}
