/*
 * number_table: numbers by 64-bit keys: open addressing, no deletion. For what is counted by call site. Keys that a trace
 * chose to have one place take some tens of steps each, not as many as there are.
 *
 * Owner: the caller; number_table_release() frees the contents; all 0 is empty.
 * Fails: NULL, only when out of memory.
 */
#ifndef VMATRACE_CORE_NUMBER_TABLE_H
#define VMATRACE_CORE_NUMBER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "number_tree.h"

struct number_entry {
	uint64_t key; /* 0: a free slot */
	uint64_t number;
};

struct number_table {
	struct number_entry *entries;
	size_t slots;           /* a power of two */
	size_t near;            /* keys in them */
	size_t count;           /* of all keys */
	struct number_tree far; /* the keys in no slot */
	uint64_t of_zero;       /* the number of key 0 */
	bool has_zero;
};

/* The number of the key, 0 at first sight. Valid until the next call. */
uint64_t *number_table_at(struct number_table *table, uint64_t key);
/* The same, NULL: it is not there. */
const uint64_t *number_table_find(const struct number_table *table, uint64_t key);
/* Somebody will ask for the key soon: it is fetched from memory meanwhile. */
void number_table_expect(const struct number_table *table, uint64_t key);
void number_table_release(struct number_table *table);

#endif
