/*
 * cfi_table.c: see cfi_table.h.
 */
#include "cfi_table.h"

#include <stddef.h>

/* Since glibc 2.35. */
#pragma weak _dl_find_object

enum {
	DW_EH_PE_UDATA4 = 0x03,
	DW_EH_PE_DATAREL_SDATA4 = 0x3b,
	SAMPLE_ROWS = 16, /* that tell an object from another */
};

bool cfi_has_table(const struct cfi_table *header)
{
	return header && header->version == 1 && header->count_encoding == DW_EH_PE_UDATA4 &&
	       header->table_encoding == DW_EH_PE_DATAREL_SDATA4;
}

bool cfi_can_find(void)
{
	return _dl_find_object != NULL;
}

bool cfi_object(uint64_t address, struct dl_find_object *object)
{
	return _dl_find_object && _dl_find_object((void *)address, object) == 0;
}

uint64_t cfi_print(const struct dl_find_object *object)
{
	const struct cfi_table *header = object->dlfo_eh_frame;
	uint64_t print = (uint64_t)header;
	const uint32_t *word;
	uint32_t words;

	if (!cfi_has_table(header))
		return print;
	word = (const uint32_t *)header->row;
	words = header->count < SAMPLE_ROWS ? 2 * header->count : 2 * SAMPLE_ROWS;
	print ^= header->count;
	/* FNV-1a, a word at a time. */
	for (uint32_t i = 0; i < words; i++)
		print = (print ^ word[i]) * 0x100000001b3u;
	return print;
}
