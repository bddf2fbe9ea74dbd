/*
 * dwarf_frames.c: see dwarf_frames.h. libdw reads; the walk from a compilation unit to the innermost inlined
 * call is here, with the functions of each unit kept sorted: dwarf_getscopes() would read the whole unit again
 * for each address.
 */
#include "dwarf_frames.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "source_paths.h"
#include "split_half.h"

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
	struct split_half half; /* has the functions */
	struct die_ranges functions;
};

struct dwarf_frames {
	Dwarf *dwarf;
	Dwarf *alternate; /* what several debug files share; NULL: nothing */
	const struct symbol_file *file;
	struct split_package *package;      /* NULL: none */
	size_t missing;                     /* units of which the other half is in no file */
	struct die_ranges units_by_address; /* where .debug_aranges is missing */
	bool units_tried;
	struct unit *units;
	size_t unit_count;
	struct source_paths paths;
};

struct dwarf_frames *dwarf_frames_open(const struct symbol_files *files)
{
	const struct symbol_file *file = symbol_files_dwarf(files);
	struct dwarf_frames *self;

	/* Left to itself, libdw would open whatever the missing file's name leads to. */
	if (!file || files->alternate_missing)
		return NULL;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->file = file;
	self->package = split_package_open(&files->package);
	self->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (self->dwarf && files->alternate.elf) {
		self->alternate = dwarf_begin_elf(files->alternate.elf, DWARF_C_READ, NULL);
		dwarf_setalt(self->dwarf, self->alternate);
	}
	if (self->dwarf && (self->alternate || !files->alternate.elf))
		return self;
	dwarf_frames_close(self);
	return NULL;
}

void dwarf_frames_close(struct dwarf_frames *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->unit_count; i++) {
		free(self->units[i].functions.items);
		split_half_release(&self->units[i].half);
	}
	free(self->units);
	split_package_close(self->package);
	free(self->units_by_address.items);
	source_paths_release(&self->paths);
	if (self->dwarf)
		dwarf_end(self->dwarf);
	if (self->alternate)
		dwarf_end(self->alternate);
	free(self);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct die_range *a = left;
	const struct die_range *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/*
 * All ranges of the DIE into the list. Out of memory: what does not fit is not found later, no more.
 * lists: as of range_walk_begin().
 */
static void add_ranges(struct die_ranges *list, const struct range_lists *lists, Dwarf_Die *die)
{
	struct range_walk walk;
	uint64_t start, end;

	range_walk_begin(&walk, lists, die);
	while (range_walk_next(&walk, &start, &end)) {
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
static void add_functions(struct unit *unit, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth > 32 || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_ranges(&unit->functions, split_half_ranges(&unit->half), &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			add_functions(unit, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* Every unit's ranges: clang writes no .debug_aranges, and without it libdw finds no unit by address. */
static void read_units(struct dwarf_frames *self)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	self->units_tried = true;
	while (dwarf_get_units(self->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_ranges(&self->units_by_address, NULL, &die);
	}
	sort_ranges(&self->units_by_address);
}

/* The compilation unit's DIE of a DWARF address, false if there is none. */
static bool find_unit(struct dwarf_frames *self, uint64_t address, Dwarf_Die *unit)
{
	Dwarf_Die *found;

	if (dwarf_addrdie(self->dwarf, address, unit))
		return true;
	if (!self->units_tried)
		read_units(self);
	found = find_range(&self->units_by_address, address);
	if (found)
		*unit = *found;
	return found;
}

static const struct unit *unit_of(struct dwarf_frames *self, Dwarf_Die *die)
{
	Dwarf_Off offset = dwarf_dieoffset(die);
	struct unit *grown;
	size_t low = 0, high = self->unit_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (self->units[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < self->unit_count && self->units[low].offset == offset)
		return &self->units[low];
	grown = reallocarray(self->units, self->unit_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	self->units = grown;
	memmove(&grown[low + 1], &grown[low], (self->unit_count - low) * sizeof(*grown));
	self->unit_count++;
	grown[low] = (struct unit) { .offset = offset };
	split_half_find(&grown[low].half, self->package, self->file, die);
	self->missing += grown[low].half.from == SPLIT_MISSING;
	add_functions(&grown[low], &grown[low].half.die, 0);
	sort_ranges(&grown[low].functions);
	return &grown[low];
}

/*
 * True if the call or block may hold the address. A block's list of ranges may end where it begins: gcc 12 writes an empty
 * range at a unit's first address as 0 0, which is DWARF 4's end of the list. What is in such a block says itself where it lies.
 */
static bool may_hold(const struct range_lists *lists, Dwarf_Die *die, uint64_t address)
{
	struct range_walk walk;
	uint64_t start, end;
	bool none = true;

	range_walk_begin(&walk, lists, die);
	while (range_walk_next(&walk, &start, &end)) {
		none = false;
		if (start <= address && address < end)
			return true;
	}
	return none && dwarf_tag(die) == DW_TAG_lexical_block;
}

enum { DEEPEST_BLOCK = 256 }; /* a file is not trusted to end */

/*
 * Inlined calls that hold `address`, outermost first, down from `parent`. Blocks side by side may hold the same
 * address (gcc 12 with -flto writes such): one without a call in it does not end the search.
 */
static size_t find_inlined(const struct range_lists *lists, Dwarf_Die *parent, uint64_t address,
                           Dwarf_Die *chain, size_t count, int depth)
{
	Dwarf_Die die;
	size_t found;

	if (count == IMAGE_FRAME_LIMIT - 1 || depth == DEEPEST_BLOCK ||
	    dwarf_child(parent, &die) != 0)
		return count;
	do {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block)
			continue;
		if (!may_hold(lists, &die, address))
			continue;
		if (tag == DW_TAG_inlined_subroutine) {
			chain[count++] = die;
			return find_inlined(lists, &die, address, chain, count, depth + 1);
		}
		found = find_inlined(lists, &die, address, chain, count, depth + 1);
		if (found > count)
			return found;
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

static const char *folder_of(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

static void set_source(struct dwarf_frames *self, struct image_frame *frame, const char *folder,
                       const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	frame->path = name ? source_paths_whole(&self->paths, folder, name) : NULL;
	frame->file = slash ? slash + 1 : name;
}

/* Where an inlined call stands: the line of the frame around it. */
static void place_of_call(struct dwarf_frames *self, Dwarf_Die *whole, Dwarf_Die *inlined,
                          struct image_frame *frame)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	Dwarf_Die unit;
	const char *folder;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) == 0)
		frame->line = (uint32_t)number;
	/* The unit that the call is in: its .dwo file may have another list of files than the skeleton ... */
	if (!dwarf_diecu(inlined, &unit, NULL, NULL) ||
	    dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) != 0 ||
	    (dwarf_getsrcfiles(&unit, &files, &count) != 0 &&
	     dwarf_getsrcfiles(whole, &files, &count) != 0) ||
	    number >= count)
		return;
	/* ... which alone knows where it was compiled. */
	folder = folder_of(&unit);
	set_source(self, frame, folder ? folder : folder_of(whole),
	           dwarf_filesrc(files, number, NULL, NULL));
}

static void place_of_address(struct dwarf_frames *self, Dwarf_Die *unit, uint64_t address,
                             struct image_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line)
		return;
	set_source(self, frame, folder_of(unit), dwarf_linesrc(line, NULL, NULL));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frame->line = (uint32_t)number;
}

size_t dwarf_frames_at(struct dwarf_frames *self, struct demangler *demangler, uint64_t address,
                       struct image_frame frames[IMAGE_FRAME_LIMIT], bool *lasts)
{
	Dwarf_Die chain[IMAGE_FRAME_LIMIT];
	Dwarf_Die die;
	const struct unit *unit;
	Dwarf_Die *function;
	size_t inlined = 0;

	*lasts = true;
	if (!find_unit(self, address, &die))
		return 1;
	unit = unit_of(self, &die);
	function = unit ? find_range(&unit->functions, address) : NULL;
	*lasts = unit && (unit->half.from == SPLIT_NOT || unit->half.from == SPLIT_PACKAGE);
	if (function)
		inlined = find_inlined(split_half_ranges(&unit->half), function, address, chain, 0,
		                       0);
	place_of_address(self, &die, address, &frames[0]);
	/* Innermost first: each inlined call gives its name to one frame and its place to the next. */
	for (size_t i = 0; i < inlined; i++) {
		Dwarf_Die *call = &chain[inlined - 1 - i];

		frames[i + 1] = (struct image_frame) { .function = frames[i].function };
		frames[i].function = name_of(demangler, call);
		frames[i].inlined = true;
		place_of_call(self, &die, call, &frames[i + 1]);
	}
	if (!frames[inlined].function && function)
		frames[inlined].function = name_of(demangler, function);
	return inlined + 1;
}

size_t dwarf_frames_missing(const struct dwarf_frames *self, bool *foreign)
{
	*foreign = self->package;
	return self->missing;
}
