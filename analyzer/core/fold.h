/*
 * fold: many changes in few lines. The reader of a timeline wants every change if there are few,
 * and the shape of it if there are many; how many there are shows only at the end. So the same
 * stream is folded at several levels at once, and the finest one that fits is taken:
 *
 *     changes          A B A B A B C          every change a line
 *     runs             A B A B A B C          neighbours alike:           "A × 3" where AAA
 *     loops            A×3 B×3 C              alike within a few lines
 *     sites            A×3 B×3 C              alike anywhere, whatever the thread
 *
 * Alike: same change, call, call site, kind of memory and protection. A level that outgrows the
 * limit is given up at once, so memory is set by the limit; but the last is never, it is set by the
 * call sites. If even that has too many lines, the largest ones stay and the rest is one line of
 * counts.
 *
 * Owner: the caller of _new. Names are copied. Fails: false and NULL, only when out of memory.
 */
#ifndef VMATRACE_CORE_FOLD_H
#define VMATRACE_CORE_FOLD_H

#include "kinds.h"
#include "walk.h"

enum { FOLD_LINE_ALIGN = 64 }; /* of a processor's cache */

/* One line: `count` changes alike. What each change more looks at stands first, side by side. */
struct fold_line {
	_Alignas(FOLD_LINE_ALIGN) uint64_t site;
	uint64_t shape; /* all else that makes changes alike, see fold.c */
	uint64_t count;
	uint64_t bytes; /* of all of them together */
	uint64_t start; /* the span they lie in */
	uint64_t end;
	uint64_t last_ns;
	enum vma_kind kind;
	bool many_threads;
	bool many_names;         /* not all of the memory that `first` names */
	struct vma_change first; /* its name and event belong to the line */
	struct event event;
	struct fold_line *next; /* another of the same hash */
};

struct fold_result {
	struct fold_line *const *lines; /* in the order of their first change */
	size_t count;
	uint64_t changes;      /* that were added */
	size_t left_out_lines; /* no longer shown ... */
	uint64_t left_out;     /* ... with so many changes */
	uint64_t left_out_bytes;
};

struct fold;

/* limit: of lines, at least 2. */
struct fold *fold_new(size_t limit);
void fold_free(struct fold *fold);
/* site: equal for changes from the same place in the program. */
bool fold_add(struct fold *fold, const struct vma_change *change, uint64_t site,
              enum vma_kind kind);
/* Once, after the last change; the lines live until fold_free(). */
void fold_finish(struct fold *fold, struct fold_result *result);

#endif
