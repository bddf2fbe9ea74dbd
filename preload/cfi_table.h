/*
 * cfi_table: the object that a pc lies in, and the table of its functions at the head of its call frame
 * information. No lock of the loader is taken, nothing is allocated.
 */
#ifndef VMATRACE_PRELOAD_CFI_TABLE_H
#define VMATRACE_PRELOAD_CFI_TABLE_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

struct cfi_row {
	int32_t start; /* of a function and of its description, both relative to the table */
	int32_t fde;
};

/* .eh_frame_hdr (LSB core, "The .eh_frame_hdr section"); its rows are sorted by start. */
struct cfi_table {
	uint8_t version;
	uint8_t eh_frame_encoding;
	uint8_t count_encoding;
	uint8_t table_encoding;
	int32_t eh_frame;
	uint32_t count;
	struct cfi_row row[];
};

/* True if it has the rows that all linkers make, to be searched by halves. NULL: false. */
bool cfi_has_table(const struct cfi_table *header);

/* False before glibc 2.35: there is no way to find an object that is safe in a signal handler. */
bool cfi_can_find(void);

/* The object that holds `address`, false if none does. */
bool cfi_object(uint64_t address, struct dl_find_object *object);

/* A number that tells the object from another that is loaded at its place: of where its CFI is and how it begins. */
uint64_t cfi_print(const struct dl_find_object *object);

#endif
