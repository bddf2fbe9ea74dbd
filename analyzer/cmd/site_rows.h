/*
 * site_rows: call sites of one or many processes, put together by what their stacks mean. Rows have their frames
 * from the process that they were first met in. Before that is closed to make way for the next one they take
 * copies; the last one, which may be the only one and have more stacks than memory holds, stays open.
 *
 *     --group stack      a row for each call and stack (module, offset): the same in each process
 *             function   ... for each function that calls into the runtime, whatever the call
 *             file       ... source file (module where there is none)
 *             module     ... module
 *
 * Owner: the caller of _init; _release frees the contents. Fails: NULL only when out of memory.
 */
#ifndef VMATRACE_CMD_SITE_ROWS_H
#define VMATRACE_CMD_SITE_ROWS_H

#include "core/site_table.h"
#include "io/symbols.h"
#include "options.h"
#include "render/site_view.h"

enum site_grouping {
	GROUP_STACK,
	GROUP_FUNCTION,
	GROUP_FILE,
	GROUP_MODULE,
	GROUP_ID, /* what core/site_id.h calls one site: for what is held against another run */
};

struct site_row {
	struct site_view view; /* of a group the id is that of its first stack */
	uint64_t key;          /* what the row's calls have in common, hashed */
	unsigned category;     /* the caller's: calls of different ones are never in one row */
};

struct site_rows {
	enum site_grouping grouping;
	struct site_row *rows;
	size_t count;
	size_t capacity;
	uint32_t *slots;
	size_t slot_count;
	/* Set after _init, or NULL: of processes that are closed it is said what symbols were lost. */
	const struct common_options *common;
	struct trace *trace; /* the process left open, or NULL */
	struct symbols *symbols;
};

void site_rows_init(struct site_rows *rows, enum site_grouping grouping);
void site_rows_release(struct site_rows *rows);

/* The row that the event's site belongs to, made at first sight. Valid until the next call. */
struct site_row *site_rows_at(struct site_rows *rows, struct symbols *symbols,
                              const struct event *event, unsigned category);
/* Rows with frames of symbols take copies. False: out of memory. */
bool site_rows_copy_frames(struct site_rows *rows, const struct symbols *symbols);
/*
 * A process is through; trace and symbols, which may be NULL, are the rows'. more: another one follows, so they
 * are closed once the rows have copies; else site_rows_release() will. False: out of memory.
 */
bool site_rows_leave(struct site_rows *rows, struct trace *trace, struct symbols *symbols,
                     bool more);
/* The row of that key, or NULL. */
const struct site_row *site_rows_find(const struct site_rows *rows, uint64_t key);
/* All of a table. False: out of memory. */
bool site_rows_add(struct site_rows *rows, struct symbols *symbols, const struct site_table *table);

/* The largest first; equal ones by splits and calls. */
enum site_order { ORDER_CALLS, ORDER_BYTES, ORDER_LIVE, ORDER_VMAS, ORDER_TIME };
void site_rows_sort(struct site_rows *rows, enum site_order order);

#endif
