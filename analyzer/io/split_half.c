/*
 * split_half.c: see split_half.h.
 */
#include "split_half.h"

#include <dwarf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libdw opens any file that stands at `folder/below/name`. */
static bool may_open(const char *folder, const char *below, const char *name)
{
	struct stat status;
	bool safe;
	char *path;

	if (asprintf(&path, "%s/%s/%s", name[0] == '/' || below[0] == '/' ? "" : folder,
	             name[0] == '/' ? "" : below, name) < 0)
		return false;
	safe = stat(path, &status) != 0 || S_ISREG(status.st_mode);
	free(path);
	return safe;
}

/* The places where libdw looks for the .dwo file of a skeleton unit hold regular files, or nothing. */
static bool file_is_safe(const struct symbol_file *program, Dwarf_Die *unit)
{
	static const char suffix[] = ".dwp"; /* libdw 0.191 opens this, too */
	Dwarf_Attribute attribute;
	char link[32];
	char folder[PATH_MAX + sizeof(suffix)];
	const char *name, *compiled_in;
	ssize_t length;
	char *slash;

	name = dwarf_formstring(dwarf_attr(unit, DW_AT_dwo_name, &attribute));
	if (!name)
		name = dwarf_formstring(dwarf_attr(unit, DW_AT_GNU_dwo_name, &attribute));
	compiled_in = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", program->fd);
	length = readlink(link, folder, PATH_MAX);
	if (!name || length <= 0)
		return false;
	memcpy(folder + length, suffix, sizeof(suffix));
	if (!may_open("", "", folder))
		return false;
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return may_open(folder, "", name) && may_open(folder, compiled_in ? compiled_in : "", name);
}

void split_half_find(struct split_half *half, const struct split_package *package,
                     const struct symbol_file *program, Dwarf_Die *unit)
{
	Dwarf_Die split = { 0 };
	uint8_t type = 0;

	*half = (struct split_half) { .from = SPLIT_NOT, .die = *unit };
	if (dwarf_cu_info(unit->cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) != 0 ||
	    type != DW_UT_skeleton)
		return;
	if (package)
		half->packed = packed_unit_open(package, program->elf, unit);
	if (half->packed) {
		half->from = SPLIT_PACKAGE;
		half->die = half->packed->die;
	} else if (file_is_safe(program, unit) &&
	           dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 &&
	           dwarf_tag(&split) == DW_TAG_compile_unit) {
		half->from = SPLIT_FILE;
		half->die = split;
	} else {
		half->from = SPLIT_MISSING;
	}
}

void split_half_release(struct split_half *half)
{
	packed_unit_close(half->packed);
}

const struct range_lists *split_half_ranges(const struct split_half *half)
{
	return half->packed ? &half->packed->lists : NULL;
}
