/*
 * elf_symbols: the function symbols of one module, sorted by address, for binary search.
 */
#ifndef VMATRACE_IO_ELF_SYMBOLS_H
#define VMATRACE_IO_ELF_SYMBOLS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_symbol {
	uint64_t address;
	uint64_t size;
	const char *name; /* in the ELF file */
	uint8_t rank;     /* smaller is the better name of an address that has several */
};

struct elf_symbols {
	struct elf_symbol *items;
	size_t count;
};

/* False when out of memory. Names live as long as the module. */
bool elf_symbols_read(struct elf_symbols *symbols, Dwfl_Module *module);
void elf_symbols_release(struct elf_symbols *symbols);

/* The name of the function that holds `address`, or NULL. */
const char *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address);

#endif
