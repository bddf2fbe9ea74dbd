/*
 * elf_symbols: the function symbols of one module, sorted by address, for binary search.
 */
#ifndef VMATRACE_IO_ELF_SYMBOLS_H
#define VMATRACE_IO_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf_minidebug.h"
#include "symbol_files.h"

struct elf_symbol {
	uint64_t address;
	uint64_t end;
	const char *name; /* in the ELF file */
	uint8_t rank;     /* smaller is the better name of an address that has several */
	bool sized;
};

struct elf_symbols {
	struct elf_symbol *items;
	size_t count;
	struct elf_minidebug minidebug;
};

/*
 * From .symtab of the debug file or of the object; without one, from .dynsym and .gnu_debugdata. False when
 * out of memory. Names live as long as the files, and this.
 */
bool elf_symbols_read(struct elf_symbols *symbols, const struct symbol_files *files);
void elf_symbols_release(struct elf_symbols *symbols);

/* The name of the function that holds `address` of the file, or NULL. */
const char *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address);

#endif
