/*
 * replayed: what only a replay of the whole trace knows about its events: which changes no event explains,
 * which events are racy, which touched a VMA of a wanted kind.
 */
#ifndef VMATRACE_CMD_REPLAYED_H
#define VMATRACE_CMD_REPLAYED_H

#include "core/kinds.h"
#include "core/walk.h"
#include "io/symbols.h"
#include "io/trace_reader.h"
#include "options.h"
#include "render/event_json.h"

struct replayed_implicit {
	struct implicit_change change;
	enum vma_kind kind;
	enum implicit_cause cause;
	uint64_t position; /* it was seen before this seq was drawn */
};

/* Sequence numbers, sorted. */
struct seq_list {
	uint64_t *items;
	size_t count;
};

struct replayed {
	struct replayed_implicit *implicit; /* in order of position */
	size_t implicit_count;
	struct seq_list racy;
	struct seq_list of_kind;
	struct walk_totals totals;
	bool has_base; /* false: nothing could be replayed, all is empty */
};

/*
 * False: out of memory. A trace without a base is said on stderr unless quiet. symbols: NULL: kinds are told
 * by shapes alone.
 */
bool replayed_fill(struct replayed *replayed, struct trace *trace, struct symbols *symbols,
                   const struct filter *filter, bool quiet);
void replayed_release(struct replayed *replayed);

bool replayed_is_racy(const struct replayed *replayed, uint64_t seq);
/* Of the kinds that the filter asked for. */
bool replayed_has_kind(const struct replayed *replayed, uint64_t seq);

#endif
