/*
 * census.c: see the header.
 */
#include "census.h"

#include "call_table.h"
#include "pages.h"

static uint64_t bytes_mapped(const struct rules_process *process, const struct event *event)
{
	struct touch touch;
	uint64_t bytes = 0;

	if (event->failed || call_effect(event->call) != EFFECT_MAPS)
		return 0;
	event_touch(event, process->page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++)
		bytes += touch.ranges[i].end - touch.ranges[i].start;
	return bytes;
}

bool census_take(struct baseline *baseline, const struct rules_process *process,
                 const struct event *event)
{
	const struct rules_source *source = process->source;
	const struct finding_frame *frames;
	const struct baseline_site *site;
	uint64_t id;
	size_t count;
	bool is_new;

	baseline->unknown = NULL;
	if (event->in_flight || !call_is_about_memory(event->call))
		return true;
	id = source->site(source->context, event);
	if (!id)
		return true;
	count = source->frames(source->context, event, &frames);
	site = baseline_add(baseline, id, call_name(event->call), frames, count,
	                    bytes_mapped(process, event), &is_new);
	if (is_new)
		baseline->unknown = site;
	return site;
}
