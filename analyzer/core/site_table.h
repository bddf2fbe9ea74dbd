/*
 * site_table: the call sites of one trace as it stores them, each a call and the number of a stack, with what
 * its calls amount to. Small and fast, so that a pass over ten million events can count them; what a
 * stack means is asked once a site, later (cmd/site_rows.h).
 *
 * Owner: the caller of _new. Fails: NULL or false only when out of memory.
 */
#ifndef VMATRACE_CORE_SITE_TABLE_H
#define VMATRACE_CORE_SITE_TABLE_H

#include "event.h"

struct site_totals {
	uint64_t calls;
	uint64_t failed;       /* of them */
	uint64_t bytes_mapped; /* page-rounded, of successful calls that map */
	uint64_t bytes_live;   /* pages first mapped here and still mapped */
	uint64_t vmas_live;    /* in so many runs alike in all that maps shows */
	uint64_t splits;       /* VMAs that there are more of because of calls that map nothing */
	uint64_t time_ns;      /* spent in the calls */
};

void site_totals_add(struct site_totals *to, const struct site_totals *more);

/* All of a call that says where it was made: there may be as many sites as events. */
struct site_call {
	uint64_t seq;
	uint64_t caller;
	uint32_t stack;
	uint16_t call;
	uint16_t flags;
};

static inline struct site_call site_call_of(const struct event *event)
{
	return (struct site_call) {
		event->seq, event->caller, event->stack, event->call, event->flags,
	};
}

/* For whoever looks up the stack of an event; of the rest it has nothing. */
static inline struct event site_call_event(const struct site_call *site)
{
	return (struct event) {
		.seq = site->seq,
		.caller = site->caller,
		.stack = site->stack,
		.call = site->call,
		.flags = site->flags,
	};
}

struct site_entry {
	struct site_call first;
	struct site_totals totals;
};

struct site_table;

struct site_table *site_table_new(void);
void site_table_free(struct site_table *table);
/* The site of the event, made at first sight. Valid until the next call. */
struct site_entry *site_table_at(struct site_table *table, const struct event *event);
/*
 * Adds to the totals of the event's site, but not yet: what it will meet is fetched from memory while others come. All
 * is added at the next site_table_at(), or by site_table_settle(), which comes before anything else is asked.
 */
bool site_table_add(struct site_table *table, const struct event *event,
                    const struct site_totals *more);
/* Adds one call. */
bool site_table_count(struct site_table *table, const struct event *event, uint32_t page_bytes);
bool site_table_settle(struct site_table *table);

size_t site_table_size(const struct site_table *table);
struct site_entry *site_table_item(const struct site_table *table, size_t index);

/* What a call mapped: all of a new mapping, of a break or an mremap what it added; 0 if it failed. */
uint64_t event_mapped_bytes(const struct event *event, uint32_t page_bytes);

#endif
