/*
 * protections: changes of rights over time, by call site and by what they changed from and to: how many, how
 * long the rights before them had held, how often they only undid the change before, what they cost; and
 * memory that is writable and executable, or that is made executable after it was writable.
 *
 *     mprotect  rw- -> r--   r-- -> rw-   rw- -> r--      three changes, two of them flips
 *
 * What a region had before is remembered by the page it begins at, in a table of fixed size: where two
 * regions want one place the older is forgotten, and neither a flip nor how long it held is then known.
 *
 * Owner: the caller of _new. Fails: NULL or false only when out of memory.
 */
#ifndef VMATRACE_CORE_PROTECTIONS_H
#define VMATRACE_CORE_PROTECTIONS_H

#include "site_table.h"
#include "walk.h"

struct protection_row {
	struct site_call first;
	uint32_t next;  /* of the same site, plus 1 */
	bool maps;      /* a new mapping: there was nothing before */
	uint8_t before; /* PROT_* */
	uint8_t after;
	uint64_t changes;
	uint64_t flips;   /* of them: back to what was there before the last change */
	uint64_t bytes;   /* of all changes together */
	uint64_t time_ns; /* spent in the calls */
	uint64_t held_ns; /* how long `before` had held, all changes together ... */
	uint64_t held;    /* ... of which it is known */
	uint64_t executable_after_write; /* changes that made executable what was writable once */
	uint64_t
		two_mappings; /* changes since which memory is writable by one mapping, executable by another */
};

struct protections;

struct protections *protections_new(void);
void protections_free(struct protections *protections);
/* The base of the walk that is followed. False: out of memory. */
bool protections_begin(struct protections *protections, const struct walk *walk);
/*
 * One change of the walk, with the map as it is after it. Changes of rights are counted, and new mappings
 * that are writable and executable at once, be it through another mapping (double_map.h).
 */
bool protections_see(struct protections *protections, const struct vma_change *change);
/* One that is not counted: what it mapped may be the other mapping of one that is. False: out of memory. */
bool protections_pass(struct protections *protections, const struct vma_change *change);

size_t protections_count(const struct protections *protections);
const struct protection_row *protections_row(const struct protections *protections, size_t index);

/* "writable and executable", the same "through two mappings", "written, then executable" or "". */
const char *protection_warning(const struct protection_row *row);

#endif
