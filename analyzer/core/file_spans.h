/*
 * file_spans: which stretches of files are mapped where, asked by place in the file. The spans of one file may overlap
 * in any way, and there may be as many as the trace has mappings.
 *
 *     file     0         100        200
 *     spans    [ at A )[ at B      )              find [90, 120): A's, then B's
 *                   [ at C    )                   ... and C's, in the order of their starts
 *
 * A binary trie by start, then by address: no bit is asked twice, so that no order of spans makes it deeper than the
 * bits of its keys, and nothing needs to be balanced. Each inner node knows the greatest end below it.
 *
 * Units: bytes of the file, half-open. Owner: the caller; file_spans_release() frees the contents; all 0 is empty.
 * Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_FILE_SPANS_H
#define VMATRACE_CORE_FILE_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_span {
	uint64_t start;
	uint64_t end;
	uint64_t address; /* where its first byte is mapped */
};

struct file_spans {
	struct span_node *nodes; /* of all files; number 0 is none */
	uint32_t count;
	uint32_t capacity;
};

/* The spans of one file: the number of a node; 0 is empty. */
typedef uint32_t span_root;

/* One of the same start and address is made as long as the longer of both. */
bool file_spans_add(struct file_spans *spans, span_root *root, const struct file_span *span);
/* It is not found any more. Its memory is free with all of it. */
void file_spans_drop(struct file_spans *spans, span_root root, const struct file_span *span);
/*
 * Those that have bytes of [start, end), the first ones by start, then by address: at most `limit`. Returns how many.
 * Takes time in proportion to that.
 */
size_t file_spans_find(const struct file_spans *spans, span_root root, uint64_t start, uint64_t end,
                       struct file_span *found, size_t limit);
/* How many were added since it was empty, the dropped ones included; of the first of each file, every second. */
size_t file_spans_size(const struct file_spans *spans);
/* Forgets them; all roots are invalid. */
void file_spans_clear(struct file_spans *spans);
void file_spans_release(struct file_spans *spans);

#endif
