/*
 * diff_sides: what diff holds against each other: two runs, each gathered for itself, or two moments of one run, which
 * are gathered in one walk.
 *
 * In cmd/, so a failure is one line on stderr and an exit status.
 */
#ifndef VMATRACE_CMD_DIFF_SIDES_H
#define VMATRACE_CMD_DIFF_SIDES_H

#include "io/symbol_sources.h"
#include "render/diff_report.h"
#include "site_rows.h"
#include "trace_set.h"
#include "when.h"

/* Its rows are released by whoever has it, in either case. */
struct side {
	struct diff_side sums;
	struct site_rows rows;
};

/*
 * All processes of the set, as they were then. Two sides, each of a set of its own, may be gathered at once, in a
 * thread each.
 */
int side_gather(struct side *side, const char *name, const struct trace_set *set,
                const struct when *at, const struct common_options *common);
/* Both sides, of one set. The old one's rows are good for as long as the new one's are there. */
int sides_gather_moments(struct side *old, struct side *new, const struct trace_set *set,
                         const struct when *from, const struct when *to,
                         const struct common_options *common);

#endif
