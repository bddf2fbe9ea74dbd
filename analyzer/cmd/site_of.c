/*
 * site_of: see the header.
 */
#include "site_of.h"

#include "core/call_table.h"
#include "vmatrace/trace_format.h"

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

struct site_view site_view_of(struct symbols *symbols, const struct event *event)
{
	struct site_view view = {
		.call = call_name(event->call),
		.symbols = symbols,
		.place = stack_place_of(event),
		.by_frame_pointers = event->flags & VMAT_EVENT_FP,
		.internal = event->flags & VMAT_EVENT_INTERNAL,
	};

	view.id = site_of_event(symbols, event);
	return view;
}
