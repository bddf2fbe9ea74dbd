/*
 * split_package.c: see split_package.h.
 */
#include "split_package.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum part { INFO, ABBREV, LINE, STR_OFFSETS, RNGLISTS, STRINGS, PARTS };

/* What a unit is made of. The columns of the index have other numbers in DWARF 4; 0: all units share it. */
static const struct part_desc {
	const char *name;
	uint32_t gnu_column;
	uint32_t column;
} parts[PARTS] = {
	[INFO] = { ".debug_info.dwo", 1, DW_SECT_INFO },
	[ABBREV] = { ".debug_abbrev.dwo", 3, DW_SECT_ABBREV },
	[LINE] = { ".debug_line.dwo", 4, DW_SECT_LINE },
	[STR_OFFSETS] = { ".debug_str_offsets.dwo", 6, DW_SECT_STR_OFFSETS },
	[RNGLISTS] = { ".debug_rnglists.dwo", 0, DW_SECT_RNGLISTS },
	[STRINGS] = { ".debug_str.dwo", 0, 0 },
};

struct split_package {
	int fd;
	struct section_part index; /* .debug_cu_index */
	uint64_t version;          /* 2: GNU's, or 5 */
	uint64_t columns, units, slots;
	struct section_part sections[PARTS];
};

/* Where the index's tables begin. */
enum { HEADER_BYTES = 16, ID_BYTES = 8, ROW_BYTES = 4, CELL_BYTES = 4 };

/* The caller has compared the index's size with what it holds. */
static uint64_t number_at(const struct section_part *index, uint64_t offset, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes; i++)
		number |= (uint64_t)index->bytes[offset + i] << (8 * i);
	return number;
}

/* All of a section, decompressed. */
static struct section_part section_of(Elf *elf, const char *name)
{
	Elf_Scn *section = elf_section_named(elf, name);
	GElf_Shdr header;
	Elf_Data *data;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
	    (header.sh_flags & SHF_COMPRESSED && elf_compress(section, 0, 0) < 0))
		return (struct section_part) { 0 };
	data = elf_rawdata(section, NULL);
	if (!data || !data->d_buf)
		return (struct section_part) { 0 };
	return (struct section_part) { data->d_buf, data->d_size };
}

static bool read_index(struct split_package *package)
{
	const struct section_part *index = &package->index;

	if (index->count < HEADER_BYTES)
		return false;
	/* A word in GNU's, a half and padding in DWARF 5. */
	package->version = number_at(index, 0, 2);
	package->columns = number_at(index, 4, 4);
	package->units = number_at(index, 8, 4);
	package->slots = number_at(index, 12, 4);
	/* No factor is above 2^32, and columns are few: nothing overflows. */
	return (package->version == 2 || package->version == 5) && package->columns <= 16 &&
	       package->slots > 0 && (package->slots & (package->slots - 1)) == 0 &&
	       HEADER_BYTES + package->slots * (ID_BYTES + ROW_BYTES) +
	                       package->columns * CELL_BYTES * (1 + 2 * package->units) <=
	               index->count;
}

struct split_package *split_package_open(const struct symbol_file *file)
{
	struct split_package *package;
	GElf_Ehdr header;

	if (!file->elf || !gelf_getehdr(file->elf, &header) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return NULL;
	package = calloc(1, sizeof(*package));
	if (!package)
		return NULL;
	package->fd = file->fd;
	package->index = section_of(file->elf, ".debug_cu_index");
	if (!read_index(package)) {
		free(package);
		return NULL;
	}
	for (int i = 0; i < PARTS; i++)
		package->sections[i] = section_of(file->elf, parts[i].name);
	return package;
}

void split_package_close(struct split_package *package)
{
	free(package);
}

/* The row of the unit with that id, from 1 on; 0: it has none. */
static uint64_t find_row(const struct split_package *package, uint64_t id)
{
	uint64_t mask = package->slots - 1;
	uint64_t slot = id & mask;
	uint64_t step = (id >> 32 & mask) | 1;

	for (uint64_t tried = 0; tried < package->slots; tried++, slot = (slot + step) & mask) {
		uint64_t row = number_at(
			&package->index,
			HEADER_BYTES + package->slots * ID_BYTES + slot * ROW_BYTES, ROW_BYTES);

		if (row == 0)
			return 0;
		if (number_at(&package->index, HEADER_BYTES + slot * ID_BYTES, ID_BYTES) == id)
			return row <= package->units ? row : 0;
	}
	return 0;
}

/* What the unit of that row has of each section. False: not inside of it. */
static bool find_parts(const struct split_package *package, uint64_t row,
                       struct section_part found[PARTS])
{
	uint64_t names = HEADER_BYTES + package->slots * (ID_BYTES + ROW_BYTES);
	uint64_t row_bytes = package->columns * CELL_BYTES;
	uint64_t offsets = names + row * row_bytes;
	uint64_t sizes = offsets + package->units * row_bytes;

	for (int i = 0; i < PARTS; i++)
		found[i] = (struct section_part) { 0 };
	found[STRINGS] = package->sections[STRINGS];
	for (uint64_t at = 0; at < row_bytes; at += CELL_BYTES) {
		uint64_t column = number_at(&package->index, names + at, CELL_BYTES);
		uint64_t offset = number_at(&package->index, offsets + at, CELL_BYTES);
		uint64_t size = number_at(&package->index, sizes + at, CELL_BYTES);

		for (int i = 0; i < PARTS; i++) {
			const struct section_part *section = &package->sections[i];

			if (column == 0 || column != (package->version == 2 ? parts[i].gnu_column
			                                                    : parts[i].column))
				continue;
			if (offset > section->count || size > section->count - offset)
				return false;
			found[i] = (struct section_part) { section->bytes + offset, size };
		}
	}
	return found[INFO].count > 0 && found[ABBREV].count > 0;
}

static bool add_section(Elf *elf, const struct section_part *part, size_t name, uint32_t type)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = section ? elf_newdata(section) : NULL;
	GElf_Shdr header = { .sh_name = (uint32_t)name, .sh_type = type, .sh_size = part->count };

	if (!data)
		return false;
	/* It is only read from. */
	data->d_buf = (void *)(uintptr_t)part->bytes;
	data->d_size = part->count;
	data->d_type = ELF_T_BYTE;
	data->d_align = 1;
	return gelf_update_shdr(section, &header);
}

/*
 * An object with the unit's parts for sections. They go by the names that they would have in a program: libdw reads
 * either those with .dwo or those without, and .debug_addr is of the program. fd: libelf wants one, and leaves it alone.
 */
static Elf *make_elf(int fd, const struct section_part found[PARTS],
                     const struct section_part *addresses)
{
	static const char names[] = "\0.debug_info\0.debug_abbrev\0.debug_line\0.debug_str_offsets"
				    "\0.debug_rnglists\0.debug_str\0.debug_addr\0.shstrtab";
	const struct section_part table = { (const uint8_t *)names, sizeof(names) };
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	GElf_Ehdr header;
	size_t name = 1;
	bool made = elf && gelf_newehdr(elf, ELFCLASS64) && gelf_getehdr(elf, &header);

	for (int i = 0; made && i < PARTS; i++) {
		if (found[i].count)
			made = add_section(elf, &found[i], name, SHT_PROGBITS);
		name += strlen(names + name) + 1;
	}
	if (made && addresses->count)
		made = add_section(elf, addresses, name, SHT_PROGBITS);
	name += strlen(names + name) + 1;
	made = made && add_section(elf, &table, name, SHT_STRTAB);
	if (made) {
		header.e_ident[EI_DATA] = ELFDATA2LSB;
		header.e_type = ET_REL;
		header.e_machine = EM_X86_64;
		header.e_version = EV_CURRENT;
		/* The last one; number 0 is no section. */
		header.e_shstrndx = 0;
		for (Elf_Scn *at = NULL; (at = elf_nextscn(elf, at));)
			header.e_shstrndx = (uint16_t)elf_ndxscn(at);
		made = gelf_update_ehdr(elf, &header);
	}
	if (made)
		return elf;
	elf_end(elf);
	return NULL;
}

/* A number of the skeleton's, by its name in GNU's DWARF 4 or in DWARF 5; 0 if it has none. */
static uint64_t number_of(Dwarf_Die *skeleton, unsigned gnu_name, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;

	if (dwarf_formudata(dwarf_attr(skeleton, gnu_name, &attribute), &number) == 0 ||
	    (name && dwarf_formudata(dwarf_attr(skeleton, name, &attribute), &number) == 0))
		return number;
	return 0;
}

/* A section of the program from the offset on. libdw has decompressed it, and left it its old name. */
static struct section_part section_from(Elf *program, const char *name, const char *old_name,
                                        uint64_t offset)
{
	struct section_part part = section_of(program, name);

	if (!part.bytes)
		part = section_of(program, old_name);
	if (!part.bytes || offset > part.count)
		return (struct section_part) { 0 };
	part.bytes += offset;
	part.count -= offset;
	return part;
}

/* The compilation unit with that id among those of the part: there is one. */
static bool find_die(struct packed_unit *unit, uint64_t id)
{
	Dwarf_CU *cu = NULL;
	uint64_t found;
	uint8_t type;

	while (dwarf_get_units(unit->dwarf, cu, &cu, NULL, &type, &unit->die, NULL) == 0) {
		if (type == DW_UT_split_compile &&
		    dwarf_cu_info(cu, NULL, NULL, NULL, NULL, &found, NULL, NULL) == 0 &&
		    found == id)
			return true;
	}
	return false;
}

struct packed_unit *packed_unit_open(const struct split_package *package, Elf *program,
                                     Dwarf_Die *skeleton)
{
	struct section_part found[PARTS];
	struct packed_unit *unit;
	struct range_lists *lists;
	Dwarf_Half version;
	uint64_t id, row;

	if (dwarf_cu_info(skeleton->cu, &version, NULL, NULL, NULL, &id, NULL, NULL) != 0)
		return NULL;
	row = find_row(package, id);
	if (row == 0 || !find_parts(package, row, found))
		return NULL;
	unit = calloc(1, sizeof(*unit));
	if (!unit)
		return NULL;
	lists = &unit->lists;
	lists->version = version;
	if (dwarf_lowpc(skeleton, &lists->base) != 0)
		lists->base = 0;
	lists->info = found[INFO];
	lists->addresses = section_from(program, ".debug_addr", ".zdebug_addr",
	                                number_of(skeleton, DW_AT_GNU_addr_base, DW_AT_addr_base));
	lists->lists = version >= 5 ? found[RNGLISTS]
	                            : section_from(program, ".debug_ranges", ".zdebug_ranges",
	                                           number_of(skeleton, DW_AT_GNU_ranges_base, 0));
	unit->elf = make_elf(package->fd, found, &lists->addresses);
	unit->dwarf = unit->elf ? dwarf_begin_elf(unit->elf, DWARF_C_READ, NULL) : NULL;
	if (unit->dwarf && find_die(unit, id))
		return unit;
	packed_unit_close(unit);
	return NULL;
}

void packed_unit_close(struct packed_unit *unit)
{
	if (!unit)
		return;
	if (unit->dwarf)
		dwarf_end(unit->dwarf);
	elf_end(unit->elf);
	free(unit);
}
