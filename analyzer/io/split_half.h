/*
 * split_half: where the functions of a compilation unit are. With -gsplit-dwarf the program has a skeleton of it only,
 * with its lines; the rest is in a .dwo file, or in the package (.dwp) that the .dwo files were put into.
 */
#ifndef VMATRACE_IO_SPLIT_HALF_H
#define VMATRACE_IO_SPLIT_HALF_H

#include "split_package.h"

enum split_from {
	SPLIT_NOT,     /* it is whole */
	SPLIT_PACKAGE, /* as if whole, as long as the package is there */
	SPLIT_FILE,    /* a .dwo file, which may come and go unnoticed ... */
	SPLIT_MISSING, /* ... as it did */
};

struct split_half {
	enum split_from from;
	Dwarf_Die die;              /* that has the functions; of SPLIT_MISSING the skeleton */
	struct packed_unit *packed; /* NULL: not of a package */
};

/*
 * Of the unit with that DIE, which is the program's. package: NULL if there is none. The package is asked first, as gdb and LLVM do.
 * The caller releases the half before the package goes.
 */
void split_half_find(struct split_half *half, const struct split_package *package,
                     const struct symbol_file *program, Dwarf_Die *unit);
void split_half_release(struct split_half *half);

/* For range_walk_begin(): NULL if libdw knows them. */
const struct range_lists *split_half_ranges(const struct split_half *half);

#endif
