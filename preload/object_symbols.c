/*
 * object_symbols.c: a look-up in one object's DT_GNU_HASH table. The loader makes the pointers of a dynamic section
 * absolute when it maps the object, where it can write to it (glibc:elf/get-dynamic-info.h).
 */
#include "object_symbols.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { VERSION_HIDDEN = 0x8000 }; /* not the version that new links get (gABI, symbol versioning) */

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
	uint64_t at;

	while (entry->d_tag != DT_NULL && entry->d_tag != tag)
		entry++;
	if (entry->d_tag != tag)
		return NULL;
	at = entry->d_un.d_ptr;
	return (const void *)(at < object->l_addr ? at + object->l_addr : at);
}

static const void *look_up(const struct link_map *object, const char *name, unsigned type)
{
	const ElfW(Sym) *symbols = dynamic_pointer(object, DT_SYMTAB);
	const uint16_t *versions = dynamic_pointer(object, DT_VERSYM);
	const char *strings = dynamic_pointer(object, DT_STRTAB);
	/* bucket count, first symbol, bloom words, bloom shift, bloom, buckets, chains */
	const uint32_t *table = dynamic_pointer(object, DT_GNU_HASH);
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
		    ELF64_ST_TYPE(symbols[i].st_info) == type &&
		    !(versions && versions[i] & VERSION_HIDDEN) &&
		    text_equal(strings + symbols[i].st_name, name))
			return (const void *)(object->l_addr + symbols[i].st_value);
		if (link & 1)
			break;
	}
	return NULL;
}

const void *object_function(const struct link_map *object, const char *name)
{
	return look_up(object, name, STT_FUNC);
}

const void *object_variable(const struct link_map *object, const char *name)
{
	return look_up(object, name, STT_OBJECT);
}
