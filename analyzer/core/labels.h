/*
 * labels.h: the two names that the kernel puts on memory without a name of its own when it shows it: [heap] and
 * [stack]. The model stores neither (runs.c takes them off the rows it reads); here they are put on rows to be shown.
 */
#ifndef VMATRACE_CORE_LABELS_H
#define VMATRACE_CORE_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "vma_map.h"

/* Bytes; what is 0 is unknown. */
struct label_places {
	uint64_t start_brk;
	uint64_t brk;
	uint64_t start_stack;
};

void labels_put(struct vma_row_info *rows, size_t count, const struct label_places *places);

#endif
