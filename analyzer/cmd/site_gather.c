/*
 * site_gather: see the header.
 */
#include "site_gather.h"

#include "command.h"
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

static bool takes(const struct site_gathering *gathering, const struct event *event)
{
	const struct filter *filter = gathering->filter;

	return ((event->flags & VMAT_EVENT_INTERNAL) == 0 || filter->internal) &&
	       in_time(gathering, event) && filter_takes_event(filter, event) &&
	       filter_takes_stack(filter, gathering->symbols, event);
}

static void count(struct site_gathering *gathering, const struct event *event)
{
	if (!site_table_count(gathering->table, event, page_bytes(gathering)))
		gathering->failed = true;
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

static void change(void *context, const struct vma_change *change)
{
	struct site_gathering *gathering = context;
	uint64_t more = change->vma_count > gathering->vma_count
	                        ? change->vma_count - gathering->vma_count
	                        : 0;
	struct site_entry *site;

	gathering->vma_count = change->vma_count;
	if (gathering->also && gathering->also->change)
		gathering->also->change(gathering->also->context, change);
	if (gathering->filter->kinds.count && change->event->call != CALL_IMPLICIT) {
		enum vma_kind kind = change_vma_kind(gathering->trace, gathering->symbols,
		                                     &gathering->makers, change);

		if (!filter_takes_kind(gathering->filter, vma_kind_name(kind)))
			return;
		gathering->of_kind = true;
	}
	if (!more || maps_pages(change->kind) || !takes(gathering, change->event))
		return;
	site = site_table_at(gathering->table, change->event);
	if (site)
		site->totals.splits += more;
	else
		gathering->failed = true;
}

/* Only the walk knows the kind of what a call touched. */
static bool after(void *context, const struct walk *walk, const struct event *event)
{
	struct site_gathering *gathering = context;

	(void)walk;
	if (gathering->of_kind && takes(gathering, event))
		count(gathering, event);
	return true;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct site_gathering *gathering = context;

	if (gathering->also && gathering->also->checkpoint)
		gathering->also->checkpoint(gathering->also->context, walk, checkpoint);
}

/* --- and behind it ------------------------------------------------------------------------------------ */

static void count_calls(struct site_gathering *gathering)
{
	struct event_source source;
	struct event event;

	if (!trace_events(gathering->trace, &source)) {
		gathering->failed = true;
		return;
	}
	while (!gathering->failed && source.next(source.self, &event)) {
		if (takes(gathering, &event))
			count(gathering, &event);
	}
}

/* Extents side by side that look alike and come from one site are one VMA to whoever asks for the site's. */
static void count_live(struct site_gathering *gathering)
{
	const struct moment *moment = &gathering->moment;
	size_t last = SIZE_MAX; /* the site of the extent before */

	for (size_t i = 0; i < moment->map.count; i++) {
		const struct vma_row *row = &moment->map.rows[i].row;
		struct site_entry *site;
		struct event author;
		size_t index;

		if (!moment_author(moment, moment->map.rows[i].created_by, &author) ||
		    !takes(gathering, &author) ||
		    !filter_takes_kind(gathering->filter, vma_kind_name(moment->map.kinds[i]))) {
			last = SIZE_MAX;
			continue;
		}
		site = site_table_at(gathering->table, &author);
		if (!site) {
			gathering->failed = true;
			return;
		}
		site->totals.bytes_live += row->end - row->start;
		index = (size_t)(site - site_table_item(gathering->table, 0));
		site->totals.vmas_live +=
			index != last || !vma_rows_join(&moment->map.rows[i - 1].row, row);
		last = index;
	}
}

int site_gather(struct site_gathering *gathering)
{
	const struct filter *filter = gathering->filter;
	const struct walk_observer observer = {
		.context = gathering,
		.before = before,
		.change = change,
		.after = after,
		.checkpoint = checkpoint,
	};
	int status;

	gathering->to = when_end();
	status = when_find_span(&filter->from, &filter->to, gathering->trace, &gathering->from,
	                        &gathering->to);
	if (status != STATUS_FINE)
		return status;
	gathering->table = site_table_new();
	gathering->moment.by_creator = true;
	if (gathering->table)
		status = moment_reach(&gathering->moment, gathering->trace, gathering->symbols,
		                      &gathering->to, &observer);
	else
		gathering->failed = true;
	if (status == STATUS_FINE && !gathering->failed) {
		if (!filter->kinds.count)
			count_calls(gathering);
		count_live(gathering);
	}
	if (gathering->failed)
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
