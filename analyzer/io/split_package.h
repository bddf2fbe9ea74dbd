/*
 * split_package: a .dwp file, into which a linker of debug information (dwp, llvm-dwp) has put the .dwo files of a
 * program that was built with -gsplit-dwarf.
 *
 *     .debug_cu_index       id -> row;  row: [ info 0x40 +0x9f8 | abbrev 0x2f3 +0x61 | ... ]
 *     .debug_info.dwo       [ unit a | unit b          | unit c ]
 *     .debug_abbrev.dwo     [ of a | of b | of c ]
 *     .debug_str.dwo        [ of all                            ]
 *
 * (DWARF 5, 7.3.5; for DWARF 4 https://gcc.gnu.org/wiki/DebugFissionDWP.) libdw knows such files from 0.191 on, and then only
 * beside the program. So a unit that is asked for is shown to libdw as an object that was never a file: its sections
 * lie in the package, beside the addresses of the program's skeleton unit. Nothing is copied.
 *
 * A package has no build-id. What ties it to the program is the id of each unit, which the skeleton has, too.
 *
 * Owner: the files must outlive the package, the package its units.
 */
#ifndef VMATRACE_IO_SPLIT_PACKAGE_H
#define VMATRACE_IO_SPLIT_PACKAGE_H

#include "range_lists.h"
#include "symbol_files.h"

struct split_package;

/* NULL: it has no index that could be read, or out of memory. */
struct split_package *split_package_open(const struct symbol_file *file);
void split_package_close(struct split_package *package);

/* A unit that was taken out. */
struct packed_unit {
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_Die die; /* of the compilation unit */
	struct range_lists lists;
};

/* The other half of the skeleton unit of that DIE, which is of `program`. NULL: not there, damaged, or out of memory. */
struct packed_unit *packed_unit_open(const struct split_package *package, Elf *program,
                                     Dwarf_Die *skeleton);
void packed_unit_close(struct packed_unit *unit);

#endif
