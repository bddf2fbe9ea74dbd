/*
 * file_spans: see the header. Of two spans the trie asks the first bit in which their keys differ; nodes lie in one
 * array, a span and the inner node above it side by side.
 */
#include "file_spans.h"

#include <stdlib.h>

enum { KEY_BITS = 128, LEAF = KEY_BITS };

struct span_node {
	uint64_t max_end; /* of all spans below; of a span its end, 0 if it was dropped */
	union {
		uint32_t children[2];
		uint64_t start;
	};
	uint64_t address;
	uint8_t bit; /* of the key, the highest is 0; LEAF: a span */
};

/* The first bit in which two keys differ, LEAF if they are equal. */
static unsigned first_difference(const struct span_node *leaf, const struct file_span *span)
{
	if (leaf->start != span->start)
		return (unsigned)__builtin_clzll(leaf->start ^ span->start);
	if (leaf->address != span->address)
		return 64 + (unsigned)__builtin_clzll(leaf->address ^ span->address);
	return LEAF;
}

static unsigned key_bit(const struct file_span *span, unsigned bit)
{
	uint64_t word = bit < 64 ? span->start : span->address;

	return word >> (63 - bit % 64) & 1;
}

/* Room for a span and an inner node. */
static bool reserve(struct file_spans *spans)
{
	uint32_t capacity = spans->capacity ? 2 * spans->capacity : 64;
	struct span_node *nodes;

	if (spans->count + 3 <= spans->capacity)
		return true;
	if (capacity < spans->capacity)
		return false;
	nodes = reallocarray(spans->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return false;
	spans->nodes = nodes;
	spans->capacity = capacity;
	return true;
}

/* The span whose key has the same bits where the trie asks. */
static const struct span_node *nearest(const struct file_spans *spans, span_root root,
                                       const struct file_span *span)
{
	const struct span_node *node = &spans->nodes[root];

	while (node->bit != LEAF)
		node = &spans->nodes[node->children[key_bit(span, node->bit)]];
	return node;
}

bool file_spans_add(struct file_spans *spans, span_root *root, const struct file_span *span)
{
	uint32_t *link = root;
	unsigned bit;
	uint32_t added;

	if (!reserve(spans))
		return false;
	bit = *root ? first_difference(nearest(spans, *root, span), span) : LEAF;
	/* All that is passed is above it. */
	for (struct span_node *node; *link; link = &node->children[key_bit(span, node->bit)]) {
		node = &spans->nodes[*link];
		if (node->bit > bit)
			break;
		if (node->max_end < span->end)
			node->max_end = span->end;
		if (node->bit == LEAF)
			return true;
	}
	added = spans->count ? spans->count : 1;
	spans->nodes[added] = (struct span_node) {
		.max_end = span->end,
		.start = span->start,
		.address = span->address,
		.bit = LEAF,
	};
	spans->count = added + 1;
	if (*link) {
		const struct span_node *below = &spans->nodes[*link];
		struct span_node *inner = &spans->nodes[spans->count];
		unsigned side = key_bit(span, bit);

		*inner = (struct span_node) {
			.max_end = below->max_end > span->end ? below->max_end : span->end,
			.bit = (uint8_t)bit,
		};
		inner->children[side] = added;
		inner->children[!side] = *link;
		added = spans->count++;
	}
	*link = added;
	return true;
}

void file_spans_drop(struct file_spans *spans, span_root root, const struct file_span *span)
{
	struct span_node *path[KEY_BITS];
	size_t depth = 0;
	struct span_node *node;

	if (!root || first_difference(nearest(spans, root, span), span) != LEAF)
		return;
	for (node = &spans->nodes[root]; node->bit != LEAF;
	     node = &spans->nodes[node->children[key_bit(span, node->bit)]])
		path[depth++] = node;
	node->max_end = 0;
	while (depth--) {
		uint64_t left = spans->nodes[path[depth]->children[0]].max_end;
		uint64_t right = spans->nodes[path[depth]->children[1]].max_end;

		path[depth]->max_end = left > right ? left : right;
	}
}

size_t file_spans_find(const struct file_spans *spans, span_root root, uint64_t start, uint64_t end,
                       struct file_span *found, size_t limit)
{
	uint32_t pending[KEY_BITS + 1]; /* the right of each that was entered by its left */
	size_t depth = 0, count = 0;

	if (root)
		pending[depth++] = root;
	while (depth && count < limit) {
		const struct span_node *node = &spans->nodes[pending[--depth]];

		if (node->max_end <= start)
			continue;
		if (node->bit != LEAF) {
			pending[depth++] = node->children[1];
			pending[depth++] = node->children[0];
			continue;
		}
		if (node->start >= end) /* and so do all behind it */
			break;
		found[count++] = (struct file_span) { node->start, node->max_end, node->address };
	}
	return count;
}

size_t file_spans_size(const struct file_spans *spans)
{
	return spans->count / 2;
}

void file_spans_clear(struct file_spans *spans)
{
	spans->count = 0;
}

void file_spans_release(struct file_spans *spans)
{
	free(spans->nodes);
	*spans = (struct file_spans) { 0 };
}
