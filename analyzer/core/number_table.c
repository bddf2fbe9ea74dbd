/*
 * number_table.c: see the header. At most half of the slots are taken, so a search ends soon.
 */
#include "number_table.h"

#include <stdlib.h>

/* Where a search begins. */
static uint64_t place_of(const struct number_table *table, uint64_t key)
{
	/* The upper bits of the product: only they depend on all of the key, a call's number in its upper bits too. */
	return (key * 0x9e3779b97f4a7c15ull) >> (__builtin_clzll(table->slots) + 1);
}

static struct number_entry *slot_of(const struct number_table *table, uint64_t key)
{
	uint64_t at = place_of(table, key);
	struct number_entry *entry;

	do
		entry = &table->entries[at++ & (table->slots - 1)];
	while (entry->key && entry->key != key);
	return entry;
}

static bool grow(struct number_table *table)
{
	struct number_table larger = *table;

	larger.slots = table->slots ? 2 * table->slots : 64;
	larger.entries = calloc(larger.slots, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (size_t i = 0; i < table->slots; i++)
		if (table->entries[i].key)
			*slot_of(&larger, table->entries[i].key) = table->entries[i];
	free(table->entries);
	*table = larger;
	return true;
}

uint64_t *number_table_at(struct number_table *table, uint64_t key)
{
	struct number_entry *entry;

	if (!key) {
		table->count += !table->has_zero;
		table->has_zero = true;
		return &table->of_zero;
	}
	if (2 * table->count >= table->slots && !grow(table))
		return NULL;
	entry = slot_of(table, key);
	table->count += !entry->key;
	entry->key = key;
	return &entry->number;
}

const uint64_t *number_table_find(const struct number_table *table, uint64_t key)
{
	const struct number_entry *entry;

	if (!key)
		return table->has_zero ? &table->of_zero : NULL;
	entry = table->slots ? slot_of(table, key) : NULL;
	return entry && entry->key ? &entry->number : NULL;
}

void number_table_expect(const struct number_table *table, uint64_t key)
{
	if (table->slots)
		__builtin_prefetch(&table->entries[place_of(table, key)]);
}

void number_table_release(struct number_table *table)
{
	free(table->entries);
	*table = (struct number_table) { 0 };
}
