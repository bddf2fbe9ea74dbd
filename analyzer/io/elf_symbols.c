/*
 * elf_symbols.c: see elf_symbols.h.
 */
#include "elf_symbols.h"

#include <stdlib.h>
#include <string.h>

/*
 * A function of libc has up to a dozen names at one address (mmap, mmap64, __mmap, __GI_mmap). The one that
 * a program can write is global and begins with no underscore.
 */
static uint8_t rank_of(const GElf_Sym *symbol, const char *name)
{
	unsigned rank = 0;

	if (GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE)
		rank += 64;
	if (GELF_ST_BIND(symbol->st_info) == STB_LOCAL)
		rank += 32;
	/* The first two of a mangled name belong to the mangling. */
	if (strncmp(name, "_Z", 2) != 0) {
		while (*name == '_' && rank % 32 < 16) {
			rank += 4;
			name++;
		}
	}
	return (uint8_t)rank;
}

static int compare(const void *left, const void *right)
{
	const struct elf_symbol *a = left;
	const struct elf_symbol *b = right;
	size_t length_a, length_b;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	length_a = strlen(a->name);
	length_b = strlen(b->name);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool is_code(const GElf_Sym *symbol, GElf_Word section, const char *name)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	if (!name || !*name || section == SHN_UNDEF || section == SHN_ABS || section == SHN_COMMON)
		return false;
	/* Assembly without .type; mapping symbols ($x, $d) and local labels are no functions. */
	return type == STT_FUNC || type == STT_GNU_IFUNC ||
	       (type == STT_NOTYPE && name[0] != '$' && name[0] != '.');
}

/* Of several names for one address the first, best one stays; it takes the largest size. */
static void drop_doubles(struct elf_symbols *symbols)
{
	size_t kept = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		struct elf_symbol *last = kept ? &symbols->items[kept - 1] : NULL;

		if (last && last->address == symbols->items[i].address) {
			if (symbols->items[i].size > last->size)
				last->size = symbols->items[i].size;
			continue;
		}
		symbols->items[kept++] = symbols->items[i];
	}
	symbols->count = kept;
}

bool elf_symbols_read(struct elf_symbols *symbols, Dwfl_Module *module)
{
	int count = dwfl_module_getsymtab(module);

	*symbols = (struct elf_symbols) { 0 };
	if (count <= 0)
		return true;
	symbols->items = calloc((size_t)count, sizeof(*symbols->items));
	if (!symbols->items)
		return false;
	for (int i = 0; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &address, &section, NULL, NULL);

		if (is_code(&symbol, section, name))
			symbols->items[symbols->count++] =
				(struct elf_symbol) { address, symbol.st_size, name,
				                      rank_of(&symbol, name) };
	}
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare);
	drop_doubles(symbols);
	return true;
}

void elf_symbols_release(struct elf_symbols *symbols)
{
	free(symbols->items);
	*symbols = (struct elf_symbols) { 0 };
}

const char *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	/* Without a size (hand-written assembly) a symbol reaches to the next one. */
	if (symbols->items[low - 1].size &&
	    address - symbols->items[low - 1].address >= symbols->items[low - 1].size)
		return NULL;
	return symbols->items[low - 1].name;
}
