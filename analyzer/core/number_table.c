/*
 * number_table.c: see the header. At most half of the slots are taken, so a search ends soon, unless the keys were
 * chosen so that it does not: those that find no slot near their place are in a tree.
 */
#include "number_table.h"

#include <stdlib.h>

/* Slots that are looked at. By chance there are no so many beside each other that are taken, but in 10^12 keys. */
enum { PROBES = 64 };

/* Where a search begins. */
static uint64_t place_of(const struct number_table *table, uint64_t key)
{
	/* The upper bits of the product: only they depend on all of the key, a call's number in its upper bits too. */
	return (key * 0x9e3779b97f4a7c15ull) >> (__builtin_clzll(table->slots) + 1);
}

/* That of the key, or a free one; NULL: there is none near. */
static struct number_entry *slot_of(const struct number_table *table, uint64_t key)
{
	uint64_t at = place_of(table, key);

	for (uint64_t end = at + PROBES; at < end; at++) {
		struct number_entry *entry = &table->entries[at & (table->slots - 1)];

		if (!entry->key || entry->key == key)
			return entry;
	}
	return NULL;
}

static bool move_to(struct number_table *larger, const struct number_entry *moved)
{
	struct number_entry *entry = slot_of(larger, moved->key);
	uint64_t *far = entry ? NULL : number_tree_at(&larger->far, moved->key);

	if (entry)
		*entry = *moved;
	else if (far)
		*far = moved->number;
	larger->near += entry != NULL;
	return entry || far;
}

static bool grow(struct number_table *table)
{
	struct number_table larger = *table;

	larger.slots = table->slots ? 2 * table->slots : 64;
	larger.near = 0;
	larger.entries = calloc(larger.slots, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (size_t i = 0; i < table->slots; i++) {
		if (table->entries[i].key && !move_to(&larger, &table->entries[i])) {
			/* What the tree has got is in the old slots, too, which are asked first. */
			table->far = larger.far;
			free(larger.entries);
			return false;
		}
	}
	free(table->entries);
	*table = larger;
	return true;
}

uint64_t *number_table_at(struct number_table *table, uint64_t key)
{
	struct number_entry *entry;
	uint64_t *number;

	if (!key) {
		table->count += !table->has_zero;
		table->has_zero = true;
		return &table->of_zero;
	}
	if (2 * table->near >= table->slots && !grow(table))
		return NULL;
	entry = slot_of(table, key);
	/* A slot may have come free since the key found none. */
	number = entry && entry->key ? &entry->number : number_tree_find(&table->far, key);
	if (number)
		return number;
	if (!entry) {
		number = number_tree_at(&table->far, key);
		table->count += number != NULL;
		return number;
	}
	table->count++;
	table->near++;
	entry->key = key;
	return &entry->number;
}

const uint64_t *number_table_find(const struct number_table *table, uint64_t key)
{
	const struct number_entry *entry;

	if (!key)
		return table->has_zero ? &table->of_zero : NULL;
	entry = table->slots ? slot_of(table, key) : NULL;
	return entry && entry->key ? &entry->number : number_tree_find(&table->far, key);
}

void number_table_expect(const struct number_table *table, uint64_t key)
{
	if (table->slots)
		__builtin_prefetch(&table->entries[place_of(table, key)]);
}

void number_table_release(struct number_table *table)
{
	free(table->entries);
	number_tree_release(&table->far);
	*table = (struct number_table) { 0 };
}
