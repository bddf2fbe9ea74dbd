/*
 * site_gather: see the header.
 */
#include "site_gather.h"

#include "io/beside.h"
#include "command.h"
#include "site_gather_steps.h"
#include "vmatrace/trace_format.h"

static uint32_t page_bytes(const struct site_gathering *gathering)
{
	uint32_t bytes = trace_header(gathering->trace)->page_bytes;

	return bytes && !(bytes & (bytes - 1)) ? bytes : 4096;
}

static bool in_time(const struct site_gathering *gathering, const struct event *event)
{
	const struct filter *filter = gathering->filter;

	return (!filter->from.given || when_passed(&gathering->from, event)) &&
	       (!filter->to.given || !when_passed(&gathering->to, event));
}

bool site_gathering_takes(const struct site_gathering *gathering, const struct event *event)
{
	const struct filter *filter = gathering->filter;

	return ((event->flags & VMAT_EVENT_INTERNAL) == 0 || filter->internal) &&
	       in_time(gathering, event) && filter_takes_event(filter, event) &&
	       filter_takes_stack(filter, gathering->symbols, event);
}

bool site_gathering_count(const struct site_gathering *gathering, struct site_table *table,
                          const struct event *event)
{
	return site_table_count(table, event, page_bytes(gathering));
}

/* --- during the walk ---------------------------------------------------------------------------------- */

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	struct site_gathering *gathering = context;

	gathering->vma_count = vma_map_count(walk_map(walk));
	gathering->of_kind = false;
	return !gathering->failed &&
	       (!gathering->also || !gathering->also->before ||
	        gathering->also->before(gathering->also->context, walk, event));
}

static bool maps_pages(enum change_kind kind)
{
	return kind == CHANGE_CREATE || kind == CHANGE_GROW || kind == CHANGE_MERGE ||
	       kind == CHANGE_MOVE || kind == CHANGE_IMPLICIT;
}

/*
 * VMAs that there are more of because of a change that maps nothing. vma_count: as of the change before it, or as the map
 * has it before the event; comes to be as of this one.
 */
static uint64_t splits_of(uint64_t *vma_count, const struct vma_change *change)
{
	uint64_t count = *vma_count;

	*vma_count = change->vma_count;
	return change->vma_count > count && !maps_pages(change->kind) ? change->vma_count - count
	                                                              : 0;
}

static void change(void *context, const struct vma_change *change)
{
	struct site_gathering *gathering = context;
	const struct site_totals splits = {
		.splits = splits_of(&gathering->vma_count, change),
	};

	if (gathering->also && gathering->also->change)
		gathering->also->change(gathering->also->context, change);
	if (gathering->filter->kinds.count && change->event->call != CALL_IMPLICIT) {
		enum vma_kind kind = change_vma_kind(gathering->trace, gathering->symbols,
		                                     &gathering->makers, change);

		if (!filter_takes_kind(gathering->filter, vma_kind_name(kind)))
			return;
		gathering->of_kind = true;
	}
	if (splits.splits && site_gathering_takes(gathering, change->event) &&
	    !site_table_add(gathering->table, change->event, &splits))
		gathering->failed = true;
}

/* Only the walk knows the kind of what a call touched. */
static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct site_gathering *gathering = context;

	(void)walk;
	if (gathering->of_kind && site_gathering_takes(gathering, event) &&
	    !site_gathering_count(gathering, gathering->table, event))
		gathering->failed = true;
	return true;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct site_gathering *gathering = context;

	if (gathering->also && gathering->also->checkpoint)
		gathering->also->checkpoint(gathering->also->context, walk, checkpoint);
}

/* --- the counting of calls ---------------------------------------------------------------------------- */

/* All calls, counted in a table of their own. */
struct counting {
	const struct site_gathering *gathering;
	struct site_table *table;
	struct event_source source; /* of the pass beside the walk */
	bool failed;                /* out of memory */
};

static void count_call(void *context, const struct event *event)
{
	struct counting *counting = context;

	if (!counting->failed && site_gathering_takes(counting->gathering, event))
		counting->failed =
			!site_gathering_count(counting->gathering, counting->table, event);
}

static void count_calls(void *context)
{
	struct counting *counting = context;
	struct event event;

	while (!counting->failed && counting->source.next(counting->source.self, &event))
		count_call(counting, &event);
}

/* Behind what the walk has met. */
void site_gathering_add(struct site_gathering *gathering, const struct site_table *table)
{
	gathering->failed |= !site_table_settle(gathering->table);
	for (size_t i = 0; !gathering->failed && i < site_table_size(table); i++) {
		const struct site_entry *counted = site_table_item(table, i);
		const struct event first = site_call_event(&counted->first);
		struct site_entry *site = site_table_at(gathering->table, &first);

		if (site)
			site_totals_add(&site->totals, &counted->totals);
		else
			gathering->failed = true;
	}
}

static int walk_to_end(struct site_gathering *gathering, struct event_tap *tap)
{
	const struct walk_observer observer = {
		.context = gathering,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};

	gathering->moment.tap = tap;
	return moment_reach(&gathering->moment, gathering->trace, gathering->symbols,
	                    &gathering->to, &observer);
}

static int count_in_walk(struct site_gathering *gathering, struct counting *counting)
{
	struct event_tap tap = { .see = count_call, .context = counting };

	return walk_to_end(gathering, &tap);
}

static int count_beside_walk(struct site_gathering *gathering, struct counting *counting)
{
	struct beside beside;
	int status;

	if (!trace_events(gathering->trace, &counting->source)) {
		counting->failed = true;
		return STATUS_FINE;
	}
	beside_start(&beside, count_calls, counting);
	status = walk_to_end(gathering, NULL);
	beside_end(&beside);
	return status;
}

/* The walk to the end and, where it needs no walk, the counting of calls. */
static int walk_and_count(struct site_gathering *gathering)
{
	const struct filter *filter = gathering->filter;
	struct counting counting = { .gathering = gathering };
	int status;

	if (filter->kinds.count) {
		status = walk_to_end(gathering, NULL);
		gathering->failed |= !site_table_settle(gathering->table);
		return status;
	}
	counting.table = site_table_new();
	if (!counting.table) {
		gathering->failed = true;
		return STATUS_FINE;
	}
	/* Symbols, which say whose modules a stack goes through, are not for two at once. */
	if (gathering->in_walk || filter->modules.count)
		status = count_in_walk(gathering, &counting);
	else
		status = count_beside_walk(gathering, &counting);
	gathering->failed |= counting.failed || !site_table_settle(counting.table);
	site_gathering_add(gathering, counting.table);
	site_table_free(counting.table);
	return status;
}

/* --- and behind it ------------------------------------------------------------------------------------ */

/* Extents side by side that look alike and come from one site are one VMA to whoever asks for the site's. */
void site_gathering_add_live(struct site_gathering *gathering, struct site_table *table)
{
	const struct moment *moment = &gathering->moment;
	size_t last = SIZE_MAX; /* the site of the extent before */

	for (size_t i = 0; i < moment->map.count; i++) {
		const struct vma_row *row = &moment->map.rows[i].row;
		struct site_entry *site;
		struct event author;
		size_t index;

		if (!moment_row_author(moment, i, &author) ||
		    !site_gathering_takes(gathering, &author) ||
		    !filter_takes_kind(gathering->filter, vma_kind_name(moment->map.kinds[i]))) {
			last = SIZE_MAX;
			continue;
		}
		site = site_table_at(table, &author);
		if (!site) {
			gathering->failed = true;
			return;
		}
		site->totals.bytes_live += row->end - row->start;
		index = (size_t)(site - site_table_item(table, 0));
		site->totals.vmas_live +=
			index != last || !vma_rows_join(&moment->map.rows[i - 1].row, row);
		last = index;
	}
}

int site_gather(struct site_gathering *gathering)
{
	const struct filter *filter = gathering->filter;
	int status;

	gathering->to = when_end();
	status = when_find_span(&filter->from, &filter->to, gathering->trace, &gathering->from,
	                        &gathering->to);
	if (status != STATUS_FINE)
		return status;
	gathering->table = site_table_new();
	gathering->moment.by_creator = true;
	if (gathering->table)
		status = walk_and_count(gathering);
	else
		gathering->failed = true;
	if (status == STATUS_FINE && !gathering->failed)
		site_gathering_add_live(gathering, gathering->table);
	/* Where the walk's end is was what memory was too short for, that was said. */
	if (status == STATUS_FINE && gathering->failed)
		return complain(STATUS_TRACE, "cannot replay '%s': out of memory",
		                trace_path(gathering->trace));
	return status;
}

void site_gathering_release(struct site_gathering *gathering)
{
	makers_release(&gathering->makers);
	moment_release(&gathering->moment);
	site_table_free(gathering->table);
	gathering->table = NULL;
}
