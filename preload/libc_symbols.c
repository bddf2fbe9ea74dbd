/*
 * libc_symbols.c: a look-up in one object's DT_GNU_HASH table. The loader has made the pointers of its dynamic
 * section absolute by the time a constructor runs (glibc:elf/get-dynamic-info.h).
 */
#include "libc_symbols.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

#include "cfi_table.h"
#include "text.h"

const struct link_map *libc_object(void)
{
	const void *start_main = dlsym(RTLD_NEXT, "__libc_start_main");
	struct dl_find_object found;

	if (!start_main || !cfi_object((uint64_t)start_main, &found))
		return NULL;
	return found.dlfo_link_map;
}

/* glibc:elf/dl-new-hash.h names the function; it is Bernstein's. */
static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	while (*name)
		hash = hash * 33 + (uint8_t)*name++;
	return hash;
}

static const void *dynamic_pointer(const struct link_map *object, int64_t tag)
{
	const ElfW(Dyn) *entry = object->l_ld;

	while (entry->d_tag != DT_NULL && entry->d_tag != tag)
		entry++;
	return entry->d_tag == tag ? (const void *)entry->d_un.d_ptr : NULL;
}

const uint8_t *libc_function(const struct link_map *libc, const char *name)
{
	const ElfW(Sym) *symbols = dynamic_pointer(libc, DT_SYMTAB);
	const char *strings = dynamic_pointer(libc, DT_STRTAB);
	/* bucket count, first symbol, bloom words, bloom shift, bloom, buckets, chains */
	const uint32_t *table = dynamic_pointer(libc, DT_GNU_HASH);
	const uint32_t *buckets, *chains;
	uint32_t hash = gnu_hash(name);

	if (!symbols || !strings || !table || !table[0])
		return NULL;
	buckets = (const uint32_t *)((const uint64_t *)(table + 4) + table[2]);
	chains = buckets + table[0];
	for (uint32_t i = buckets[hash % table[0]]; i >= table[1]; i++) {
		uint32_t link = chains[i - table[1]];

		/* The lowest bit marks the end of a chain. */
		if ((link | 1) == (hash | 1) && symbols[i].st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC &&
		    text_equal(strings + symbols[i].st_name, name))
			return (const uint8_t *)(libc->l_addr + symbols[i].st_value);
		if (link & 1)
			break;
	}
	return NULL;
}
