/*
 * leak_gather: what is left at the end of one process after the other, by call site and class.
 */
#ifndef VMATRACE_CMD_LEAK_GATHER_H
#define VMATRACE_CMD_LEAK_GATHER_H

#include "core/shm_names.h"
#include "io/trace_reader.h"
#include "leak_threads.h"
#include "render/leaks_report.h"
#include "site_rows.h"

struct leak_gathering {
	struct site_rows
		rows; /* category: enum leak_class; totals.calls: those with something left */
	struct site_rows shm_sites; /* tag of a name: its row */
	struct shm_names names;
	struct leak_accounts accounts;
	struct leak_stacks stacks;
	struct leak_threads threads; /* of the rows of stacks */
	const struct symbol_sources *sources;
	bool internal; /* the recorder's own too, as if the program's */
};

/*
 * One process more; takes the trace over. more: another one follows. STATUS_FINE, or one line on stderr and what
 * to exit with.
 */
int leak_gather(struct leak_gathering *gathering, struct trace *trace, bool more);
void leak_gathering_release(struct leak_gathering *gathering);

#endif
