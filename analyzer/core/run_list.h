/*
 * run_list.h: a sorted array of runs in blocks of one page each, with an index of the blocks: a 2-level tree
 * without the tree. Lookup is two binary searches; a change moves a few cache lines inside one block. It
 * beats a red-black tree by 2-3 times at 10^5 runs, and a run needs no links.
 *
 *     index    [ start | block ][ start | block ] ...
 *     block    [ run run run ... ]          never empty, at most BLOCK_RUNS
 *
 * Part of vma_map, which knows what the runs mean; here they are only sorted and disjoint.
 */
#ifndef VMATRACE_CORE_RUN_LIST_H
#define VMATRACE_CORE_RUN_LIST_H

#include "vma_map.h"

struct run_list;

enum { SPLICE_RUNS = 3 };

/* A run by its place; the end of the list has the number of blocks and 0. */
struct place {
	size_t block;
	size_t at;
};

struct run_list *run_list_new(void);
void run_list_free(struct run_list *list);
/* The structure itself: no empty block, no full index, starts as they should be. */
bool run_list_check(const struct run_list *list);

/* The first run that ends above address. */
struct place run_list_find(const struct run_list *list, uint64_t address);
/* NULL at the end. Valid until the next splice. */
struct vma_run *run_list_at(const struct run_list *list, struct place place);
struct vma_run *run_list_before(const struct run_list *list, struct place place);
/* Of a place that is not the end; that is not the first. */
struct place place_next(const struct run_list *list, struct place place);
struct place place_before(const struct run_list *list, struct place place);

/* Makes the next splice sure to succeed, or returns false: out of memory. */
bool run_list_reserve(struct run_list *list);
/* [from, to) give way to runs[0 .. count), at most SPLICE_RUNS, which lie in the gap that leaves. */
void run_list_splice(struct run_list *list, struct place from, struct place to,
                     const struct vma_run *runs, size_t count);

#endif
