/*
 * number_tree: numbers by 64-bit keys in at most 64 steps, whatever the keys are: a binary trie that asks each bit once.
 * Slower than a hash, which whoever writes a trace can choose keys for; number_table keeps here what its hash is bad at.
 *
 * Owner: the caller; number_tree_release() frees the contents; all 0 is empty.
 * Fails: NULL, only when out of memory.
 */
#ifndef VMATRACE_CORE_NUMBER_TREE_H
#define VMATRACE_CORE_NUMBER_TREE_H

#include <stddef.h>
#include <stdint.h>

struct number_tree {
	struct number_node *nodes;
	uint32_t root; /* number of a node; 0 is none */
	uint32_t count;
	uint32_t capacity;
};

/* The number of the key, 0 at first sight. Valid until the next call. */
uint64_t *number_tree_at(struct number_tree *tree, uint64_t key);
/* The same, NULL: it is not there. */
uint64_t *number_tree_find(const struct number_tree *tree, uint64_t key);
void number_tree_release(struct number_tree *tree);

#endif
