/*
 * image.c: see image.h. libdw reads; the walk from a compilation unit to
 * the innermost inlined call is here, with the functions of each unit kept sorted: dwarf_getscopes() would
 * read the whole unit again for each address.
 */
#include "image.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "elf_symbols.h"

/* A function's code, or a compilation unit's: one of perhaps several ranges. */
struct die_range {
	uint64_t start;
	uint64_t end;
	Dwarf_Die die;
};

struct die_ranges {
	struct die_range *items;
	size_t count;
};

/* A compilation unit that was asked for. */
struct unit {
	Dwarf_Off offset;
	struct die_ranges functions;
};

struct image {
	struct symbol_files files;
	struct elf_symbols symbols;
	Dwarf *dwarf;           /* NULL: none, or not yet */
	Dwarf *alternate_dwarf; /* what several debug files share */
	bool dwarf_tried;
	struct die_ranges units_by_address; /* where .debug_aranges is missing */
	bool units_tried;
	struct unit *units;
	size_t unit_count;
};

struct image *image_open(const struct symbol_sources *sources, struct debuginfod *debuginfod,
                         const char *path, const uint8_t *build_id, size_t build_id_bytes,
                         enum image_status *status)
{
	struct image *image = calloc(1, sizeof(*image));

	*status = IMAGE_ABSENT;
	if (!image)
		return NULL;
	if (!symbol_files_find(&image->files, sources, debuginfod, path, build_id,
	                       build_id_bytes)) {
		if (image->files.changed)
			*status = IMAGE_CHANGED;
		image_close(image);
		return NULL;
	}
	if (!elf_symbols_read(&image->symbols, &image->files)) {
		image_close(image);
		return NULL;
	}
	*status = IMAGE_FINE;
	return image;
}

void image_close(struct image *image)
{
	for (size_t i = 0; i < image->unit_count; i++)
		free(image->units[i].functions.items);
	free(image->units);
	free(image->units_by_address.items);
	elf_symbols_release(&image->symbols);
	if (image->dwarf)
		dwarf_end(image->dwarf);
	if (image->alternate_dwarf)
		dwarf_end(image->alternate_dwarf);
	symbol_files_release(&image->files);
	free(image);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct die_range *a = left;
	const struct die_range *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* All ranges of the DIE into the list. Out of memory: what does not fit is not found later, no more. */
static void add_ranges(struct die_ranges *list, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (start >= end)
			continue;
		if ((list->count & (list->count - 1)) == 0) {
			struct die_range *grown = reallocarray(
				list->items, list->count ? 2 * list->count : 1, sizeof(*grown));

			if (!grown)
				return;
			list->items = grown;
		}
		list->items[list->count++] = (struct die_range) { start, end, *die };
	}
}

static void sort_ranges(struct die_ranges *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_ranges);
}

static Dwarf_Die *find_range(const struct die_ranges *list, uint64_t address)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= list->items[low - 1].end)
		return NULL;
	return &list->items[low - 1].die;
}

/* Functions stand in the unit, in namespaces, and in classes. */
static void add_functions(struct die_ranges *list, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth > 32 || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_ranges(list, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			add_functions(list, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void load_dwarf(struct image *image)
{
	const struct symbol_file *file = symbol_files_dwarf(&image->files);

	if (image->dwarf_tried)
		return;
	image->dwarf_tried = true;
	/* Left to itself, libdw would open whatever the missing file's name leads to. */
	if (!file || image->files.alternate_missing)
		return;
	image->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (!image->dwarf || !image->files.alternate.elf)
		return;
	image->alternate_dwarf = dwarf_begin_elf(image->files.alternate.elf, DWARF_C_READ, NULL);
	if (image->alternate_dwarf) {
		dwarf_setalt(image->dwarf, image->alternate_dwarf);
	} else {
		dwarf_end(image->dwarf);
		image->dwarf = NULL;
	}
}

/* Every unit's ranges: clang writes no .debug_aranges, and without it libdw finds no unit by address. */
static void read_units(struct image *image)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	image->units_tried = true;
	while (dwarf_get_units(image->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_ranges(&image->units_by_address, &die);
	}
	sort_ranges(&image->units_by_address);
}

/* The compilation unit's DIE of a DWARF address, false if there is none. */
static bool find_unit(struct image *image, uint64_t address, Dwarf_Die *unit)
{
	Dwarf_Die *found;

	if (dwarf_addrdie(image->dwarf, address, unit))
		return true;
	if (!image->units_tried)
		read_units(image);
	found = find_range(&image->units_by_address, address);
	if (found)
		*unit = *found;
	return found;
}

static const struct die_ranges *functions_of(struct image *image, Dwarf_Die *unit)
{
	Dwarf_Off offset = dwarf_dieoffset(unit);
	struct unit *grown;
	Dwarf_Die split;
	size_t low = 0, high = image->unit_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->units[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < image->unit_count && image->units[low].offset == offset)
		return &image->units[low].functions;
	grown = reallocarray(image->units, image->unit_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	image->units = grown;
	memmove(&grown[low + 1], &grown[low], (image->unit_count - low) * sizeof(*grown));
	image->unit_count++;
	grown[low] = (struct unit) { .offset = offset };
	/* With -gsplit-dwarf the unit is a skeleton: its functions are in a .dwo file, if that is still there. */
	if (dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 &&
	    dwarf_tag(&split) == DW_TAG_compile_unit)
		unit = &split;
	add_functions(&grown[low].functions, unit, 0);
	sort_ranges(&grown[low].functions);
	return &grown[low].functions;
}

/* Inlined calls that hold `address`, outermost first, down from `parent`. */
static size_t find_inlined(Dwarf_Die *parent, uint64_t address, Dwarf_Die *chain, size_t count)
{
	Dwarf_Die die;

	if (count == IMAGE_FRAME_LIMIT - 1 || dwarf_child(parent, &die) != 0)
		return count;
	do {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block)
			continue;
		if (dwarf_haspc(&die, address) != 1)
			continue;
		if (tag == DW_TAG_inlined_subroutine)
			chain[count++] = die;
		return find_inlined(&die, address, chain, count);
	} while (dwarf_siblingof(&die, &die) == 0);
	return count;
}

static const char *name_of(struct demangler *demangler, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	return demangle(demangler, name);
}

static void set_source(struct image_frame *frame, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	frame->path = path;
	frame->file = slash ? slash + 1 : path;
}

/* Where an inlined call stands: the line of the frame around it. */
static void place_of_call(Dwarf_Die *unit, Dwarf_Die *inlined, struct image_frame *frame)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) == 0)
		frame->line = (uint32_t)number;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) == 0 &&
	    dwarf_getsrcfiles(unit, &files, &count) == 0 && number < count)
		set_source(frame, dwarf_filesrc(files, number, NULL, NULL));
}

static void place_of_address(Dwarf_Die *unit, uint64_t address, struct image_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line)
		return;
	set_source(frame, dwarf_linesrc(line, NULL, NULL));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frame->line = (uint32_t)number;
}

size_t image_frames(struct image *image, struct demangler *demangler, uint64_t address,
                    struct image_frame frames[IMAGE_FRAME_LIMIT])
{
	const char *symbol = elf_symbols_at(&image->symbols, address);
	Dwarf_Die chain[IMAGE_FRAME_LIMIT];
	Dwarf_Die unit;
	const struct die_ranges *functions;
	Dwarf_Die *function;
	size_t inlined = 0;

	frames[0] = (struct image_frame) { .function = demangle(demangler, symbol) };
	load_dwarf(image);
	if (!image->dwarf)
		return 1;
	if (!find_unit(image, address, &unit))
		return 1;
	functions = functions_of(image, &unit);
	function = functions ? find_range(functions, address) : NULL;
	if (function)
		inlined = find_inlined(function, address, chain, 0);
	place_of_address(&unit, address, &frames[0]);
	/* Innermost first: each inlined call gives its name to one frame and its place to the next. */
	for (size_t i = 0; i < inlined; i++) {
		Dwarf_Die *die = &chain[inlined - 1 - i];

		frames[i + 1] = (struct image_frame) { .function = frames[i].function };
		frames[i].function = name_of(demangler, die);
		frames[i].inlined = true;
		place_of_call(&unit, die, &frames[i + 1]);
	}
	if (!frames[inlined].function && function)
		frames[inlined].function = name_of(demangler, function);
	return inlined + 1;
}
