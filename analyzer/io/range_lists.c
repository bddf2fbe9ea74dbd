/*
 * range_lists.c: see range_lists.h. Whatever is read is taken off the front of what is left, so that nothing
 * reads beyond it.
 */
#include "range_lists.h"

#include <dwarf.h>
#include <string.h>

enum { DONE = -1, NOT_BEGUN = 0, IN_LIST = 1 };

/* Little-endian, as the ELF files are that get here. */
static bool take_number(struct section_part *rest, size_t bytes, uint64_t *number)
{
	*number = 0;
	if (rest->count < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		*number |= (uint64_t)rest->bytes[i] << (8 * i);
	rest->bytes += bytes;
	rest->count -= bytes;
	return true;
}

/* ULEB128. */
static bool take_uleb(struct section_part *rest, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; rest->count > 0 && shift < 64; shift += 7) {
		uint8_t byte = *rest->bytes++;

		rest->count--;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static struct section_part from(struct section_part part, uint64_t offset)
{
	if (offset > part.count)
		return (struct section_part) { 0 };
	return (struct section_part) { part.bytes + offset, part.count - (size_t)offset };
}

static bool take_address(struct section_part *rest, uint64_t *address)
{
	return take_number(rest, sizeof(uint64_t), address);
}

/* An address that stands in .debug_addr, by its index. */
static bool take_indexed(const struct range_lists *lists, struct section_part *rest,
                         uint64_t *address)
{
	struct section_part place;
	uint64_t index;

	if (!take_uleb(rest, &index) || index > lists->addresses.count / sizeof(*address))
		return false;
	place = from(lists->addresses, index * sizeof(*address));
	return take_address(&place, address);
}

/* DW_FORM_rnglistx: an index of the offsets behind the header, which count from their own beginning. */
static bool find_indexed_list(const struct range_lists *lists, uint64_t index, uint64_t *offset)
{
	struct section_part rest = lists->lists;
	uint64_t length, version, address_bytes, segment_bytes, count;

	/* The 64-bit format begins with 0xffffffff; no compiler writes it unless told to, and no package holds it. */
	if (!take_number(&rest, 4, &length) || length >= 0xfffffff0 ||
	    !take_number(&rest, 2, &version) || version != 5 ||
	    !take_number(&rest, 1, &address_bytes) || address_bytes != 8 ||
	    !take_number(&rest, 1, &segment_bytes) || segment_bytes != 0 ||
	    !take_number(&rest, 4, &count) || index >= count)
		return false;
	*offset = lists->lists.count - rest.count;
	rest = from(rest, 4 * index);
	if (!take_number(&rest, 4, &index))
		return false;
	*offset += index;
	return true;
}

/* Where the list of the DIE begins. False: it has none. */
static bool find_list(const struct range_lists *lists, Dwarf_Die *die, struct section_part *list)
{
	Dwarf_Attribute attribute;
	struct section_part value;
	uint64_t offset;

	if (!dwarf_attr(die, DW_AT_ranges, &attribute) || attribute.valp < lists->info.bytes ||
	    attribute.valp > lists->info.bytes + lists->info.count)
		return false;
	value = from(lists->info, (uint64_t)(attribute.valp - lists->info.bytes));
	if (attribute.form == DW_FORM_rnglistx) {
		if (lists->version < 5 || !take_uleb(&value, &offset) ||
		    !find_indexed_list(lists, offset, &offset))
			return false;
	} else if (attribute.form != DW_FORM_sec_offset || !take_number(&value, 4, &offset)) {
		return false;
	}
	*list = from(lists->lists, offset);
	return list->count > 0;
}

/* The next entry of DWARF 4. False: the end. An entry that is no range is empty. */
static bool next_pair(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	if (!take_address(&walk->rest, start) || !take_address(&walk->rest, end) ||
	    (*start == 0 && *end == 0))
		return false;
	if (*start == UINT64_MAX) {
		walk->base = *end;
		*start = *end = 0;
		return true;
	}
	*start += walk->base;
	*end += walk->base;
	return true;
}

/* The same of DWARF 5. */
static bool next_entry(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	const struct range_lists *lists = walk->lists;
	struct section_part *rest = &walk->rest;
	uint64_t kind, base = 0;
	bool whole = false;

	*start = *end = 0;
	if (!take_number(rest, 1, &kind))
		return false;
	switch (kind) {
	case DW_RLE_base_addressx:
		return take_indexed(lists, rest, &walk->base);
	case DW_RLE_base_address:
		return take_address(rest, &walk->base);
	case DW_RLE_startx_endx:
		return take_indexed(lists, rest, start) && take_indexed(lists, rest, end);
	case DW_RLE_start_end:
		return take_address(rest, start) && take_address(rest, end);
	case DW_RLE_startx_length:
		whole = take_indexed(lists, rest, start) && take_uleb(rest, end);
		base = *start;
		break;
	case DW_RLE_start_length:
		whole = take_address(rest, start) && take_uleb(rest, end);
		base = *start;
		break;
	case DW_RLE_offset_pair:
		whole = take_uleb(rest, start) && take_uleb(rest, end);
		base = walk->base;
		*start += base;
		break;
	default: /* DW_RLE_end_of_list, or nothing that is known */
		break;
	}
	*end += base;
	return whole;
}

void range_walk_begin(struct range_walk *walk, const struct range_lists *lists,
                      const Dwarf_Die *die)
{
	*walk = (struct range_walk) { .lists = lists, .die = *die };
}

/* One range by DW_AT_low_pc and DW_AT_high_pc, or a list. */
static bool begin_ours(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	walk->at = DONE;
	if (dwarf_lowpc(&walk->die, start) == 0 && dwarf_highpc(&walk->die, end) == 0)
		return true;
	if (!find_list(walk->lists, &walk->die, &walk->rest))
		return false;
	walk->at = IN_LIST;
	walk->base = walk->lists->base;
	*start = *end = 0;
	return true;
}

static bool next_of_either(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	if (!walk->lists) {
		walk->at = dwarf_ranges(&walk->die, walk->at, &walk->base, start, end);
		return walk->at > 0;
	}
	if (walk->at == NOT_BEGUN)
		return begin_ours(walk, start, end);
	if (walk->at == DONE)
		return false;
	return walk->lists->version < 5 ? next_pair(walk, start, end)
	                                : next_entry(walk, start, end);
}

bool range_walk_next(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	while (next_of_either(walk, start, end)) {
		if (*start < *end)
			return true;
	}
	walk->at = DONE;
	return false;
}
