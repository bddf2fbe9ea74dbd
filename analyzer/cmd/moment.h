/*
 * moment: the address space of a trace at one moment, with all that reports say of it: the rows as
 * the kernel would print them, the kind of each, and the events that made and changed them.
 *
 *     trace ── walk up to the point ── rows ── who made each (its event, read anew) ── kinds
 *
 * In cmd/, so a failure is one line on stderr and an exit status.
 */
#ifndef VMATRACE_CMD_MOMENT_H
#define VMATRACE_CMD_MOMENT_H

#include "authors.h"
#include "core/row_parts.h"
#include "core/walk.h"
#include "event_tap.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "makers.h"
#include "when.h"

/* Rows of a walk as it stands, `internal` set on all that is the recorder's; names are the walk's. */
struct rows {
	struct vma_row_info *rows;
	enum vma_kind *kinds; /* of what most of the row is */
	size_t count;
	struct row_part *parts; /* of all rows, where it is known who made them; else none */
	size_t part_count;
	struct authors authors; /* of rows that are extents; else none */
};

struct moment {
	struct trace *trace;
	struct symbols
		*symbols;  /* borrowed; NULL: kinds are told by shapes alone, which takes no time */
	struct walk *walk; /* stopped there; owns the rows' names */
	enum walk_status walked;
	bool by_creator; /* set before: rows are extents, what different events made stays apart */
	struct rows map;
	uint64_t seq; /* of the last event that counted, for what was loaded then */
	/* Set before moment_reach(), or NULL: sees all events, those behind the moment too. */
	struct event_tap *tap;
	bool walk_goes_on; /* it is another's, who may go on with it when the moment is released */
};

/*
 * also: an observer that is told of the same walk, and whose before() may end it earlier; may be
 * NULL. Returns STATUS_FINE or what to exit with; release in either case.
 */
int moment_reach(struct moment *moment, struct trace *trace, struct symbols *symbols,
                 const struct when_point *point, const struct walk_observer *also);
/* The same for who leads the moment's walk: begin, walk_run() into `walked`, arrive. */
int moment_begin(struct moment *moment, struct trace *trace, struct symbols *symbols);
int moment_arrive(struct moment *moment);
/* Of a walk of the caller's as it stands; seq: of the last event that counted. As moment_reach(). */
int moment_stand(struct moment *moment, struct trace *trace, struct symbols *symbols,
                 struct walk *walk, uint64_t seq);

/* An observer of the same walk, whose before() does not end it, and which can be what it was. */
struct moment_follower {
	struct walk_observer observer;
	void (*keep)(void *context);    /* it is to be kept as it is now, until the next call */
	bool (*go_back)(void *context); /* false: out of memory */
};

/*
 * moment_reach() at a moment as the command line names it, follower as it was then; it may be NULL. The peak is found,
 * and the address space kept as it was there, in one walk, which then goes on to the end.
 */
int moment_reach_when(struct moment *moment, struct trace *trace, struct symbols *symbols,
                      const struct when *when, const struct moment_follower *follower);
void moment_release(struct moment *moment);

/* The event of a number that a row names. False: before recording, or no call (implicit). */
bool moment_author(const struct moment *moment, uint64_t seq, struct event *event);
/* The same of a row of a moment by_creator, as far as authors.h has it, without reading it again. */
bool moment_row_author(const struct moment *moment, size_t row, struct event *event);

/*
 * seq: what was loaded when that event was recorded. moment: says whether rows are extents, and has
 * the symbols that say who made each; or NULL. False: out of memory.
 */
bool rows_read(struct rows *rows, const struct trace *trace, const struct walk *walk, uint64_t seq,
               const struct moment *moment);
void rows_release(struct rows *rows);

/* Who a mapping was made for, from the runtime frames on top of the event's stack. */
enum vma_creator event_creator(struct symbols *symbols, const struct event *event);

/*
 * The kind of what a change touched, wherever a report or a filter names it: one answer for all commands.
 * symbols: NULL: told by shapes alone, which takes no time. makers: of the walk that has the change.
 */
enum vma_kind change_vma_kind(const struct trace *trace, struct symbols *symbols,
                              struct makers *makers, const struct vma_change *change);

/* The point lies behind everything: whatever the trace holds has happened. */
static inline struct when_point when_end(void)
{
	return (struct when_point) { .kind = WHEN_END };
}

#endif
