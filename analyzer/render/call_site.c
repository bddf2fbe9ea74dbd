/*
 * call_site.c: see call_site.h.
 */
#include "call_site.h"

const char *call_site_text(struct spelled *sites, struct symbols *symbols,
                           const struct event *event, char *text, size_t bytes)
{
	uint64_t key = sites ? symbols_key(symbols, event) : 0;
	const struct spelled_text *known = key ? spelled_find(sites, key, 0) : NULL;
	const struct frame *frame;

	if (known)
		return known->text;
	frame = symbols_call_site(symbols, event);
	if (!frame)
		return NULL;
	frame_text(frame, text, bytes);
	if (key)
		spelled_add(sites, key, 0, text, strlen(text));
	return text;
}
