/*
 * elf_symbols.c: see elf_symbols.h.
 */
#include "elf_symbols.h"

#include <gelf.h>
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

/* Which sections hold code, and where each ends. */
struct sections {
	uint64_t *code_end; /* by index; 0: no code */
	size_t count;
};

static bool read_sections(struct sections *sections, Elf *elf)
{
	Elf_Scn *section = NULL;

	*sections = (struct sections) { 0 };
	if (elf_getshdrnum(elf, &sections->count) != 0)
		sections->count = 0;
	sections->code_end = calloc(sections->count + 1, sizeof(*sections->code_end));
	if (!sections->code_end)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		size_t index = elf_ndxscn(section);
		GElf_Shdr header;

		if (index < sections->count && gelf_getshdr(section, &header) &&
		    header.sh_flags & SHF_EXECINSTR)
			sections->code_end[index] = header.sh_addr + header.sh_size;
	}
	return true;
}

static bool is_function(const GElf_Sym *symbol, const char *name)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	if (!name || !*name)
		return false;
	/* Assembly without .type; mapping symbols ($x, $d) and local labels are no functions. */
	return type == STT_FUNC || type == STT_GNU_IFUNC ||
	       (type == STT_NOTYPE && name[0] != '$' && name[0] != '.');
}

/* One symbol into the list, if it is one. False when out of memory. */
static bool add(struct elf_symbols *symbols, const GElf_Sym *symbol, const char *name,
                uint64_t section_end)
{
	struct elf_symbol *grown = symbols->items;
	uint64_t end = symbol->st_value + symbol->st_size;

	if (!is_function(symbol, name) || symbol->st_value >= section_end)
		return true;
	/* A power of two of room, made when the count reaches it. */
	if ((symbols->count & (symbols->count - 1)) == 0)
		grown = reallocarray(symbols->items, symbols->count ? 2 * symbols->count : 1,
		                     sizeof(*grown));
	if (!grown)
		return false;
	symbols->items = grown;
	grown[symbols->count++] = (struct elf_symbol) {
		.address = symbol->st_value,
		.end = symbol->st_size && end > symbol->st_value ? end : section_end,
		.name = name,
		.rank = rank_of(symbol, name),
		.sized = symbol->st_size > 0,
	};
	return true;
}

/* The section of that type with everything that is needed of it; NULL: there is none. */
static Elf_Data *table_of(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while (elf && (section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return elf_getdata(section, NULL);
	}
	return NULL;
}

/* False when out of memory; *found: there is such a table. */
static bool read_table(struct elf_symbols *symbols, Elf *elf, GElf_Word type, bool *found)
{
	GElf_Shdr header;
	Elf_Data *data = table_of(elf, type, &header);
	Elf_Data *indices = data ? table_of(elf, SHT_SYMTAB_SHNDX, &(GElf_Shdr) { 0 }) : NULL;
	struct sections sections;
	GElf_Sym symbol;
	Elf32_Word index;
	bool fine = true;

	*found = data && data->d_size > 0;
	if (!*found)
		return true;
	if (!read_sections(&sections, elf))
		return false;
	for (int i = 0; fine && gelf_getsymshndx(data, indices, i, &symbol, &index); i++) {
		if (symbol.st_shndx != SHN_XINDEX)
			index = symbol.st_shndx;
		if (index != SHN_UNDEF && index < sections.count)
			fine = add(symbols, &symbol,
			           elf_strptr(elf, header.sh_link, symbol.st_name),
			           sections.code_end[index]);
	}
	free(sections.code_end);
	return fine;
}

/*
 * Of several names for one address the first, best one stays; it takes the largest size. A label inside of a
 * function is none.
 */
static void drop_doubles(struct elf_symbols *symbols)
{
	size_t kept = 0;
	uint64_t sized_end = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		struct elf_symbol *last = kept ? &symbols->items[kept - 1] : NULL;
		struct elf_symbol *symbol = &symbols->items[i];

		if (last && last->address == symbol->address) {
			if (symbol->sized && (!last->sized || symbol->end > last->end)) {
				last->end = symbol->end;
				last->sized = true;
			}
		} else if (symbol->sized || symbol->address >= sized_end) {
			last = &symbols->items[kept];
			symbols->items[kept++] = *symbol;
		} else {
			continue;
		}
		if (last->sized && last->end > sized_end)
			sized_end = last->end;
	}
	symbols->count = kept;
	/* Without a size (hand-written assembly) a symbol reaches to the next one. */
	for (size_t i = 0; i + 1 < kept; i++) {
		if (!symbols->items[i].sized &&
		    symbols->items[i + 1].address < symbols->items[i].end)
			symbols->items[i].end = symbols->items[i + 1].address;
	}
}

bool elf_symbols_read(struct elf_symbols *symbols, const struct symbol_files *files)
{
	bool found = false;

	*symbols = (struct elf_symbols) { 0 };
	if (!read_table(symbols, files->debug.elf, SHT_SYMTAB, &found) ||
	    (!found && !read_table(symbols, files->main.elf, SHT_SYMTAB, &found)))
		return false;
	if (!found && files->main.elf) {
		elf_minidebug_open(&symbols->minidebug, files->main.elf);
		if (!read_table(symbols, files->main.elf, SHT_DYNSYM, &found) ||
		    !read_table(symbols, symbols->minidebug.elf, SHT_SYMTAB, &found))
			return false;
	}
	if (symbols->count)
		qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare);
	drop_doubles(symbols);
	return true;
}

void elf_symbols_release(struct elf_symbols *symbols)
{
	elf_minidebug_release(&symbols->minidebug);
	free(symbols->items);
	*symbols = (struct elf_symbols) { 0 };
}

const char *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address)
{
	enum { NESTED_LIMIT = 8 };
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* Behind the end of a function that lies inside of another, the other goes on. */
	for (size_t i = low; i > 0 && low - i < NESTED_LIMIT; i--) {
		if (address < symbols->items[i - 1].end)
			return symbols->items[i - 1].name;
	}
	return NULL;
}
