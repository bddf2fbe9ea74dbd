/*
 * moment: see the header.
 */
#include "moment.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "vmatrace/trace_format.h"

struct reaching {
	const struct when_point *point;
	const struct walk_observer *also;
	struct moment *moment;
};

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct reaching *reaching = context;

	if (when_stops_before(reaching->point, event))
		return false;
	return !reaching->also || !reaching->also->before ||
	       reaching->also->before(reaching->also->context, walk, event);
}

static void change(void *context, const struct vma_change *change)
{
	struct reaching *reaching = context;

	if (reaching->also && reaching->also->change)
		reaching->also->change(reaching->also->context, change);
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct reaching *reaching = context;

	reaching->moment->seq = event->seq;
	if (reaching->also && reaching->also->after)
		reaching->also->after(reaching->also->context, walk, event);
	return !when_stops_after(reaching->point, event);
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct reaching *reaching = context;

	if (reaching->also && reaching->also->checkpoint)
		reaching->also->checkpoint(reaching->also->context, walk, checkpoint);
}

enum vma_creator event_creator(struct symbols *symbols, const struct event *event)
{
	const struct frame *frames;
	size_t count = symbols_frames(symbols, event, &frames);
	bool runtime = false;

	if (count == 0)
		return CREATOR_UNKNOWN;
	for (size_t i = 0; i < count && frames[i].runtime; i++) {
		enum vma_creator creator = vma_creator_of(frames[i].function);

		if (creator != CREATOR_PROGRAM)
			return creator;
		runtime = true;
	}
	/* libc did it for reasons of its own, and no name says which. */
	return runtime ? CREATOR_UNKNOWN : CREATOR_PROGRAM;
}

/* For whom the memory was mapped: by this event, or by an earlier one whose mapping it changes. */
static enum vma_creator change_creator(const struct trace *trace, struct symbols *symbols,
                                       struct makers *makers, const struct vma_change *change)
{
	bool maps = change->kind == CHANGE_CREATE || change->kind == CHANGE_MERGE ||
	            change->kind == CHANGE_REPLACE;
	enum vma_creator creator = CREATOR_UNKNOWN;

	if (!symbols)
		return CREATOR_UNKNOWN;
	if (!maps && change->mapped_before && change->made_by < SEQ_IMPLICIT)
		creator = makers_find(makers, trace, symbols, change->made_by);
	if (creator == CREATOR_UNKNOWN)
		creator = makers_of_stack(makers, symbols, change->event);
	if (maps)
		makers_note(makers, trace, change->event->seq, creator);
	return creator;
}

enum vma_kind change_vma_kind(const struct trace *trace, struct symbols *symbols,
                              struct makers *makers, const struct vma_change *change)
{
	const struct event *event = change->event;
	uint64_t seq = event->seq < SEQ_IN_FLIGHT ? event->seq : UINT64_MAX;
	/* The lookup is for return addresses, which it takes one off. */
	const struct trace_module *module = trace_module_at(trace, change->start + 1, seq);
	const char *path = module ? module->path : NULL;
	enum vma_kind kind = kind_of_change_alone(change, path);

	return kind != KIND_COUNT ? kind
	                          : kind_of_change(change, path,
	                                           change_creator(trace, symbols, makers, change));
}

/* For kinds_of_rows(). */
struct looking {
	const struct trace *trace;
	uint64_t seq;
	struct symbols *symbols; /* NULL: nobody knows for whom anything was mapped */
	const struct vma_row_info *rows;
	const struct authors *authors; /* of the rows */
	struct makers makers;
};

static const char *module_at(void *context, uint64_t address)
{
	const struct looking *looking = context;
	/* The lookup is for return addresses, which it takes one off. */
	const struct trace_module *module =
		trace_module_at(looking->trace, address + 1, looking->seq);

	return module ? module->path : NULL;
}

static enum vma_creator creator_at(void *context, const struct vma_row_info *row)
{
	struct looking *looking = context;
	struct event author;

	return authors_event(looking->authors, (size_t)(row - looking->rows), &author)
	               ? makers_of_stack(&looking->makers, looking->symbols, &author)
	               : CREATOR_UNKNOWN;
}

/* Length of the trace as the recorder maps it: all of its sections. */
static uint64_t mapped_trace_bytes(const struct trace *trace)
{
	const struct vmat_header *header = trace_header(trace);
	uint64_t page = header->page_bytes ? header->page_bytes : 4096;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < header->section_count && i < VMAT_SECTION_LIMIT; i++) {
		uint64_t end = header->section[i].offset + header->section[i].length;

		bytes = end > bytes ? end : bytes;
	}
	return (bytes + page - 1) / page * page;
}

/*
 * What the walk alone does not know to be the recorder's: objects that the trace marks so, and the
 * trace file whatever its name is (a shared mapping of just its length, from the beginning of a
 * file).
 */
static void mark_recorder(struct vma_row_info *rows, size_t count, const struct looking *looking)
{
	uint64_t trace_bytes = mapped_trace_bytes(looking->trace);

	for (size_t i = 0; i < count; i++) {
		const struct vma_row *row = &rows[i].row;
		const struct trace_module *module =
			trace_module_at(looking->trace, row->start + 1, looking->seq);

		if ((module && module->recorder) ||
		    (row->shared && row->inode && row->offset == 0 &&
		     row->end - row->start == trace_bytes))
			rows[i].internal = true;
	}
}

bool moment_author(const struct moment *moment, uint64_t seq, struct event *event)
{
	return seq < SEQ_IN_FLIGHT && trace_event_at(moment->trace, seq, event);
}

bool moment_row_author(const struct moment *moment, size_t row, struct event *event)
{
	return authors_event(&moment->map.authors, row, event);
}

/* The kind of each row, by its author if those are given; what of them is the recorder's is marked. NULL: out of memory. */
static enum vma_kind *find_kinds(struct vma_row_info *rows, size_t count, struct looking *looking,
                                 const struct authors *authors)
{
	bool by_author = authors && looking->symbols;
	const struct kinds_source source = { looking, module_at, by_author ? creator_at : NULL };
	enum vma_kind *kinds = calloc(count + 1, sizeof(*kinds));

	if (!kinds)
		return NULL;
	looking->rows = rows;
	looking->authors = authors;
	mark_recorder(rows, count, looking);
	kinds_of_rows(rows, count, &source, kinds);
	return kinds;
}

static bool read_rows(const struct walk *walk, struct looking *looking, struct rows *rows)
{
	size_t count = walk_rows(walk, NULL, 0);

	rows->rows = calloc(count + 1, sizeof(*rows->rows));
	if (!rows->rows)
		return false;
	rows->count = walk_rows(walk, rows->rows, count);
	rows->kinds = find_kinds(rows->rows, rows->count, looking, NULL);
	return rows->kinds;
}

static bool read_extents(const struct walk *walk, struct looking *looking, struct rows *rows)
{
	size_t count = walk_extents(walk, NULL, 0);

	rows->rows = calloc(count + 1, sizeof(*rows->rows));
	if (!rows->rows)
		return false;
	rows->count = walk_extents(walk, rows->rows, count);
	if (!authors_read(&rows->authors, looking->trace, rows->rows, rows->count))
		return false;
	rows->kinds = find_kinds(rows->rows, rows->count, looking, &rows->authors);
	return rows->kinds;
}

/* Kinds are of what one event made; a row may have been made by several. */
static bool read_parts(const struct walk *walk, struct looking *looking, struct rows *rows)
{
	size_t count = walk_extents(walk, NULL, 0);
	struct authors authors = { 0 };
	struct vma_row_info *extents;
	enum vma_kind *kinds = NULL;

	rows->parts = calloc(count + 1, sizeof(*rows->parts));
	if (!rows->parts)
		return false;
	extents = row_parts_extents(rows->parts, count);
	walk_extents(walk, extents, count);
	if (authors_read(&authors, looking->trace, extents, count))
		kinds = find_kinds(extents, count, looking, &authors);
	authors_release(&authors);
	if (!kinds)
		return false;
	rows->part_count = row_parts(rows->rows, rows->count, extents, kinds, count, rows->parts);
	row_parts_kinds(rows->parts, rows->part_count, rows->kinds);
	free(kinds);
	return true;
}

bool rows_read(struct rows *rows, const struct trace *trace, const struct walk *walk, uint64_t seq,
               const struct moment *moment)
{
	struct looking looking = {
		.trace = trace,
		.seq = seq,
		.symbols = moment ? moment->symbols : NULL,
	};
	bool fine;

	*rows = (struct rows) { 0 };
	if (moment && moment->by_creator)
		fine = read_extents(walk, &looking, rows);
	else
		fine = read_rows(walk, &looking, rows) &&
		       (!looking.symbols || read_parts(walk, &looking, rows));
	makers_release(&looking.makers);
	return fine;
}

void rows_release(struct rows *rows)
{
	authors_release(&rows->authors);
	free(rows->parts);
	free(rows->kinds);
	free(rows->rows);
	*rows = (struct rows) { 0 };
}

int moment_begin(struct moment *moment, struct trace *trace, struct symbols *symbols)
{
	struct walk_input input;

	*moment = (struct moment) {
		.trace = trace,
		.symbols = symbols,
		.by_creator = moment->by_creator,
		.tap = moment->tap,
	};
	if (trace_walk_input(trace, &input)) {
		if (moment->tap)
			input.events = event_tap_put(moment->tap, &input.events);
		moment->walk = walk_new(&input);
	}
	return moment->walk ? STATUS_FINE : complain(STATUS_TRACE, "out of memory");
}

static void walk_to(struct moment *moment, const struct when_point *point,
                    const struct walk_observer *also)
{
	struct reaching reaching = { .point = point, .also = also, .moment = moment };
	const struct walk_observer observer = {
		.context = &reaching,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};

	moment->walked = walk_run(moment->walk, &observer);
	if (moment->tap)
		event_tap_finish(moment->tap);
}

int moment_arrive(struct moment *moment)
{
	if (moment->walked == WALK_NO_BASE)
		return complain(
			STATUS_TRACE,
			"cannot replay '%s': no snapshot of the address space survives in it",
			trace_path(moment->trace));
	if (moment->walked == WALK_NO_MEMORY ||
	    !rows_read(&moment->map, moment->trace, moment->walk, moment->seq, moment))
		return complain(STATUS_TRACE, "out of memory");
	return STATUS_FINE;
}

int moment_reach(struct moment *moment, struct trace *trace, struct symbols *symbols,
                 const struct when_point *point, const struct walk_observer *also)
{
	int status = moment_begin(moment, trace, symbols);

	if (status != STATUS_FINE)
		return status;
	walk_to(moment, point, also);
	return moment_arrive(moment);
}

int moment_stand(struct moment *moment, struct trace *trace, struct symbols *symbols,
                 struct walk *walk, uint64_t seq)
{
	*moment = (struct moment) {
		.trace = trace,
		.symbols = symbols,
		.walk = walk,
		.walk_goes_on = true,
		.walked = WALK_STOPPED,
		.by_creator = moment->by_creator,
		.seq = seq,
	};
	return moment_arrive(moment);
}

void moment_release(struct moment *moment)
{
	rows_release(&moment->map);
	if (!moment->walk_goes_on)
		walk_free(moment->walk);
	*moment = (struct moment) { 0 };
}
