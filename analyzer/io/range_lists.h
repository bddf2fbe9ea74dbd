/*
 * range_lists: the addresses that a function, a block or an inlined call covers.
 *
 * libdw reads them where it knows the unit's skeleton. A unit that was taken out of a package (split_package.h) has
 * none that libdw knows of, so its lists are read here, as DWARF 5 (7.28) and GNU's DWARF 4 have them:
 *
 *     DWARF 5   the unit's part of .debug_rnglists.dwo:    [ header | offsets | kind operands, kind operands, ... ]
 *     DWARF 4   the program's .debug_ranges, from the skeleton's DW_AT_GNU_ranges_base on:  [ start end, start end, ... 0 0 ]
 *
 * Owner: the bytes are the files'; they must outlive it.
 * Fails: a damaged list ends where the damage begins.
 */
#ifndef VMATRACE_IO_RANGE_LISTS_H
#define VMATRACE_IO_RANGE_LISTS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct section_part {
	const uint8_t *bytes; /* NULL: there is none */
	size_t count;
};

struct range_lists {
	unsigned version; /* of DWARF, 4 or 5 */
	uint64_t base;    /* of the unit's relative addresses: the skeleton's DW_AT_low_pc */
	struct section_part info;      /* the unit's DIEs */
	struct section_part lists;     /* as above */
	struct section_part addresses; /* .debug_addr from the skeleton's DW_AT_addr_base on */
};

/* A walk over the ranges of one DIE. */
struct range_walk {
	const struct range_lists *lists; /* NULL: libdw knows them */
	Dwarf_Die die;
	ptrdiff_t at; /* of libdw's walk; ours: 0 not begun, -1 done, else 1 */
	uint64_t base;
	struct section_part rest; /* of our list */
};

void range_walk_begin(struct range_walk *walk, const struct range_lists *lists,
                      const Dwarf_Die *die);
/* False: no more. Empty ranges are left out. */
bool range_walk_next(struct range_walk *walk, uint64_t *start, uint64_t *end);

#endif
