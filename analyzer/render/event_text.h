/*
 * event_text: events as lines that read like strace's, with the call site behind them.
 *
 *     @12      0.001234   4711  mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f12...  main (map.c:12)
 */
#ifndef VMATRACE_RENDER_EVENT_TEXT_H
#define VMATRACE_RENDER_EVENT_TEXT_H

#include "core/event.h"
#include "event_json.h"
#include "io/symbols.h"
#include "writer.h"

struct event_text {
	struct writer *out;
	bool color;
	bool with_pid; /* several processes: pid stands before tid */
};

/* The line above the events. */
void event_text_head(const struct event_text *text);

/* site: where it was made (call_site_text()), NULL if nothing is known. */
void event_text_line(const struct event_text *text, const struct event *event, uint32_t pid,
                     const char *site);
void event_text_implicit(const struct event_text *text, const struct implicit_change *change,
                         uint32_t pid);

#endif
