/*
 * history_tell: see the header.
 */
#include "history_tell.h"

#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "moment.h"
#include "options.h"
#include "site_of.h"
#include "thread_of.h"
#include "vmatrace/trace_format.h"

/* --- the walk ----------------------------------------------------------------------------------------- */

static void keep_row(struct telling *telling, const struct history_row *row)
{
	if (telling->seen >= telling->room && telling->room < telling->limit) {
		size_t room = telling->room ? 2 * telling->room : 16;
		struct history_row *rows;

		room = room > telling->limit ? telling->limit : room;
		rows = reallocarray(telling->rows, room, sizeof(*rows));
		if (!rows) {
			telling->failed = true;
			return;
		}
		telling->rows = rows;
		telling->room = room;
	}
	telling->rows[telling->seen++ % telling->room] = *row;
}

static const struct history_row *last_row(const struct telling *telling)
{
	return telling->seen ? &telling->rows[(telling->seen - 1) % telling->room] : NULL;
}

static bool is_own(const struct vma_change *change)
{
	return change->event->flags & VMAT_EVENT_INTERNAL || change->cause == CAUSE_TRACER;
}

static void change(void *context, const struct vma_change *change)
{
	struct telling *telling = context;
	struct history_row row = {
		.cause = change->cause,
		.start = change->start,
		.end = change->end,
		.old_start = change->old_start,
		.moved_away =
			change->kind == CHANGE_MOVE && (change->end <= telling->pages.pages.start ||
		                                        telling->pages.pages.end <= change->start),
		.event = *change->event,
		.thread = thread_of_event(telling->trace, change->event),
	};
	struct site_view site;

	if (!telling->walk)
		return;
	if (!page_history_see(&telling->pages, telling->walk, change, &row.seen)) {
		telling->failed = true;
		return;
	}
	if (!row.seen.happened || (is_own(change) && !telling->internal))
		return;
	keep_row(telling, &row);
	if (!telling->json)
		return;
	site = site_view_of(telling->symbols, change->event);
	history_json_row(telling->json, &row, &site);
	if (telling->lines)
		json_end(telling->json);
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct telling *telling = context;

	(void)walk;
	if (event->seq < SEQ_IN_FLIGHT && event->time_ns > telling->last_ns)
		telling->last_ns = event->time_ns;
	return !telling->failed;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct telling *telling = context;

	if (checkpoint->snapshot->time_ns > telling->last_ns)
		telling->last_ns = checkpoint->snapshot->time_ns;
	if (telling->walk)
		return;
	telling->walk = walk;
	telling->failed = !page_history_begin(&telling->pages, walk);
}

/* --- the end of it ------------------------------------------------------------------------------------ */

/* A guard's is that of the stack right above it. */
static const struct thread_entry *owner_of(const struct moment *moment, size_t i)
{
	const struct row_part *parts = moment->map.parts;

	if (parts[i].kind == KIND_GUARD && i + 1 < moment->map.part_count &&
	    parts[i + 1].info.row.start == parts[i].info.row.end)
		i++;
	return thread_of_row(moment->trace, &parts[i].info, parts[i].kind, moment->seq);
}

/* What it is for, of what one row is made of: the kernel joins a stack and a block. */
static void find_part(const struct moment *moment, uint64_t address, struct history_now *now)
{
	for (size_t i = 0; i < moment->map.part_count; i++) {
		const struct vma_row *part = &moment->map.parts[i].info.row;

		if (part->start > address || address >= part->end)
			continue;
		now->kind = moment->map.parts[i].kind;
		now->owner = owner_of(moment, i);
		break;
	}
}

static void find_now(const struct moment *moment, uint64_t address, struct history_now *now,
                     const struct vma_row **below, const struct vma_row **above)
{
	for (size_t i = 0; i < moment->map.count; i++) {
		const struct vma_row *row = &moment->map.rows[i].row;

		if (row->end <= address) {
			*below = row;
		} else if (row->start <= address) {
			now->mapped = true;
			now->row = row;
			find_part(moment, address, now);
		} else {
			*above = now->mapped ? NULL : row;
			break;
		}
	}
	if (now->mapped)
		*below = NULL;
}

/* How the pages asked for lie, in all. */
static void sum_pages(const struct moment *moment, const struct page_range *pages,
                      struct history_now *now)
{
	uint32_t told = trace_header(moment->trace)->page_bytes, page_bytes = told ? told : 4096;
	const struct page_range *asked = &now->pages;

	now->pages.start = page_floor(pages->start, page_bytes);
	now->pages.end = page_ceil(pages->end, page_bytes);
	now->several = asked->end - asked->start > page_bytes;
	for (size_t i = 0; i < moment->map.count; i++) {
		const struct vma_row *row = &moment->map.rows[i].row;
		uint64_t start = row->start > asked->start ? row->start : asked->start;
		uint64_t end = row->end < asked->end ? row->end : asked->end;

		if (start < end) {
			now->pages_mapped += end - start;
			now->pages_vmas++;
		}
	}
	for (size_t i = 0; i < moment->map.part_count; i++) {
		const struct vma_row *part = &moment->map.parts[i].info.row;

		if (part->start <= asked->start && asked->end <= part->end)
			now->pages_alike = true;
	}
}

static void explain(const struct telling *telling, const struct moment *moment,
                    const struct history_now *now, struct history_fault *fault)
{
	const struct history_row *last = last_row(telling);
	struct fault_facts facts = {
		.mapped = now->mapped,
		.prot = now->mapped ? now->row->prot : 0,
		.file = now->mapped && now->row->inode,
		.kind = now->mapped ? now->kind : KIND_ANONYMOUS,
		.has_last = last != NULL,
		.last = last ? last->seen.kind : CHANGE_COUNT,
		.moved_away = last && last->moved_away,
	};

	for (size_t i = 0; i < moment->map.count; i++) {
		if (moment->map.kinds[i] == KIND_MAIN_STACK && !facts.stack_start)
			facts.stack_start = moment->map.rows[i].row.start;
	}
	fault->reason = fault_explain(&fault->fault, &facts);
}

/* The pages asked for that a row is about; those that a move took away, too, lie in `from`. */
static void row_pages(const struct telling *telling, const struct history_row *row,
                      struct page_range *to, struct page_range *from)
{
	const struct page_range *asked = &telling->pages.pages;

	*to = (struct page_range) { row->start, row->end };
	*from = (struct page_range) { 0, 0 };
	if (row->seen.kind == CHANGE_MOVE)
		*from = (struct page_range) { row->old_start, row->old_start + row->event.args[1] };
	for (size_t i = 0; i < 2; i++) {
		struct page_range *range = i ? from : to;

		range->start = range->start > asked->start ? range->start : asked->start;
		range->end = range->end < asked->end ? range->end : asked->end;
	}
}

static bool about_same_pages(const struct telling *telling, const struct history_row *row,
                             const struct history_row *other)
{
	struct page_range to, from, other_to, other_from;

	row_pages(telling, row, &to, &from);
	row_pages(telling, other, &other_to, &other_from);
	return page_ranges_overlap(&to, &other_to) || page_ranges_overlap(&to, &other_from) ||
	       page_ranges_overlap(&from, &other_to) || page_ranges_overlap(&from, &other_from);
}

/* Looks so many rows ahead: of a whole address space a row may be followed by millions. */
enum { AHEAD = 1000 };

static struct history_lasted lasted(const struct telling *telling, size_t i)
{
	const struct history_row *row = &telling->rows[i % telling->room], *next = NULL;
	struct history_lasted lasted = { 0 };

	for (size_t j = i + 1; j < telling->seen && !lasted.known; j++) {
		next = &telling->rows[j % telling->room];
		lasted.longer = j - i == AHEAD && !about_same_pages(telling, row, next);
		lasted.known = lasted.longer || about_same_pages(telling, row, next);
	}
	if (lasted.known && next->event.time_ns > row->event.time_ns)
		lasted.ns = next->event.time_ns - row->event.time_ns;
	return lasted;
}

static void print_rows(const struct telling *telling, bool colored)
{
	size_t count = telling->seen < telling->room ? telling->seen : telling->room;
	size_t first = telling->seen - count;

	if (!count)
		return;
	history_text_head(stdout, colored);
	if (first)
		printf("... %zu changes before: -n 0 shows all\n", first);
	for (size_t i = first; i < telling->seen; i++) {
		const struct history_row *row = &telling->rows[i % telling->room];
		struct site_view site = site_view_of(telling->symbols, &row->event);
		struct history_lasted until = lasted(telling, i);

		history_text_row(stdout, row, &until, &site);
	}
}

int history_tell(struct telling *telling, const struct when_point *point,
                 struct history_fault *fault, uint64_t fault_ns, bool colored)
{
	const struct walk_observer observer = {
		.context = telling,
		.before = before,
		.change = change,
		.checkpoint = checkpoint,
	};
	uint64_t address = telling->pages.pages.start;
	struct history_now now = { 0 };
	const struct vma_row *below = NULL, *above = NULL;
	const struct history_row *last;
	struct moment moment = { 0 };
	struct site_view site = { 0 };
	int status = moment_reach(&moment, telling->trace, telling->symbols, point, &observer);

	if (status == STATUS_FINE && telling->failed)
		status = complain(STATUS_TRACE, "out of memory");
	if (status == STATUS_FINE) {
		last = last_row(telling);
		now.seq = moment.seq;
		now.time_ns = fault_ns ? fault_ns : telling->last_ns;
		now.at_least = fault && !fault_ns;
		find_now(&moment, fault ? fault->fault.address : address, &now, &below, &above);
		sum_pages(&moment, &telling->pages.pages, &now);
		if (last)
			site = site_view_of(telling->symbols, &last->event);
		if (fault) {
			explain(telling, &moment, &now, fault);
			fault->thread = thread_of_tid(trace_threads(telling->trace), fault->tid,
			                              moment.seq);
			fault->below = below;
			fault->above = above;
		}
		if (telling->json && fault) {
			json_array_end(telling->json);
			json_key(telling->json, "fault");
			history_json_fault(telling->json, fault, &now);
		} else if (!telling->json) {
			if (fault)
				history_text_fault(stdout, fault, &now, last, &site);
			else
				history_text_now(stdout, address, &now, last, &site);
			print_rows(telling, colored);
		}
	}
	moment_release(&moment);
	return status;
}
