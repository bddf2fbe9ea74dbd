/*
 * site_of: see the header.
 */
#include "site_of.h"

#include "core/call_table.h"

uint64_t site_of_frames(const char *call, const struct frame *frames, size_t count)
{
	struct site_id id;

	site_id_begin(&id, call);
	for (size_t i = 0; i < count; i++)
		site_id_add(&id, frames[i].module, frames[i].function, frames[i].runtime);
	return id.hash;
}

uint64_t site_of_event(struct symbols *symbols, const struct event *event)
{
	const struct frame *frames;
	size_t count = symbols_frames(symbols, event, &frames);

	return site_of_frames(call_name(event->call), frames, count);
}
