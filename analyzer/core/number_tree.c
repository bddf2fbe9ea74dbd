/*
 * number_tree: see the header. Leaves and inner nodes lie in one array; an inner node asks the first bit in which the
 * keys of its two sides differ.
 */
#include "number_tree.h"

#include <stdbool.h>
#include <stdlib.h>

enum { LEAF = 64 };

struct number_node {
	union {
		uint64_t key;
		uint32_t children[2];
	};
	uint64_t number;
	uint8_t bit; /* the highest is 0; LEAF: a key */
};

static unsigned key_bit(uint64_t key, unsigned bit)
{
	return key >> (63 - bit) & 1;
}

/* The key that has the same bits where the tree asks, of a tree that is not empty. */
static struct number_node *nearest(const struct number_tree *tree, uint64_t key)
{
	struct number_node *node = &tree->nodes[tree->root];

	while (node->bit != LEAF)
		node = &tree->nodes[node->children[key_bit(key, node->bit)]];
	return node;
}

uint64_t *number_tree_find(const struct number_tree *tree, uint64_t key)
{
	struct number_node *node = tree->root ? nearest(tree, key) : NULL;

	return node && node->key == key ? &node->number : NULL;
}

/* Room for a leaf and an inner node, behind number 0. */
static bool reserve(struct number_tree *tree)
{
	uint32_t capacity = tree->capacity ? 2 * tree->capacity : 64;
	struct number_node *nodes;

	if (tree->count + 3 <= tree->capacity)
		return true;
	if (capacity < tree->capacity)
		return false;
	nodes = reallocarray(tree->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return false;
	tree->nodes = nodes;
	tree->capacity = capacity;
	return true;
}

uint64_t *number_tree_at(struct number_tree *tree, uint64_t key)
{
	uint64_t *number = number_tree_find(tree, key);
	uint32_t *link = &tree->root;
	unsigned bit = LEAF;
	uint32_t leaf;

	if (number)
		return number;
	if (!reserve(tree))
		return NULL;
	if (tree->root)
		bit = (unsigned)__builtin_clzll(nearest(tree, key)->key ^ key);
	while (*link && tree->nodes[*link].bit < bit)
		link = &tree->nodes[*link].children[key_bit(key, tree->nodes[*link].bit)];
	leaf = tree->count ? tree->count : 1;
	tree->nodes[leaf] = (struct number_node) { .key = key, .bit = LEAF };
	tree->count = leaf + 1;
	if (*link) {
		struct number_node *inner = &tree->nodes[tree->count];

		*inner = (struct number_node) { .bit = (uint8_t)bit };
		inner->children[key_bit(key, bit)] = leaf;
		inner->children[!key_bit(key, bit)] = *link;
		*link = tree->count++;
	} else {
		*link = leaf;
	}
	return &tree->nodes[leaf].number;
}

void number_tree_release(struct number_tree *tree)
{
	free(tree->nodes);
	*tree = (struct number_tree) { 0 };
}
