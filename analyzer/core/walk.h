/*
 * walk.h: the one way through a trace. Puts the events into the order the kernel did them in (order.h),
 * applies each to the address space (replay.h), holds the result against every snapshot on the way, and
 * tells an observer. maps, mm, timeline, verify and history are observers; none of them replays by itself.
 *
 *     base snapshot ── events ── snapshot ── events ── snapshot ── events in flight
 *                        │           │
 *                     change()   change() with call "implicit" for what no event explains, then checkpoint()
 *
 * Events that returned before the base was read are in it already: the observer does not hear of them.
 * A snapshot never replaces the model: only rows that differ become implicit changes, each counted. Rows
 * that a call overlapping the snapshot in time touched are uncertain ("racy") and left alone.
 */
#ifndef VMATRACE_CORE_WALK_H
#define VMATRACE_CORE_WALK_H

#include "event.h"
#include "vma_map.h"

enum change_kind {
	CHANGE_CREATE,
	CHANGE_REMOVE,
	CHANGE_REPLACE,
	CHANGE_GROW,
	CHANGE_SHRINK,
	CHANGE_SPLIT,
	CHANGE_MERGE,
	CHANGE_PROTECT,
	CHANGE_ADVISE,
	CHANGE_LOCK,
	CHANGE_MOVE,
	CHANGE_IMPLICIT,
	CHANGE_COUNT,
};

/* "create", "remove", ... as reports print them. */
const char *change_kind_name(enum change_kind kind);

/* What is known of an implicit change. "" is unexplained. */
enum implicit_cause {
	CAUSE_NONE, /* not implicit */
	CAUSE_UNEXPLAINED,
	CAUSE_STACK_GROWTH, /* a stack VMA grew down by a page fault */
	CAUSE_TRACER,       /* between the two snapshots around the loading of the unwinder */
	CAUSE_IO_SETUP,     /* the kernel mapped the ring of an AIO context */
	CAUSE_IO_DESTROY,   /* and unmapped it with the context */
	CAUSE_UPROBE,       /* the page on which probed instructions run, at the first hit */
	CAUSE_DRM_IOCTL,    /* a graphics driver mapped one of its objects */
	CAUSE_LEFT,         /* a call did it that was left before it said so */
	CAUSE_COUNT,
};

const char *implicit_cause_name(enum implicit_cause cause);

/* One change of the address space. Half-open byte range. */
struct vma_change {
	enum change_kind kind;
	enum implicit_cause cause;
	uint64_t start;
	uint64_t end;
	uint8_t prot_before; /* of the first page; 0 and mapped_before false if nothing was mapped */
	uint8_t prot_after;
	bool mapped_before;
	bool mapped_after;
	bool shared;
	bool loaded;        /* RUN_LOADED, of the first page */
	uint64_t old_start; /* CHANGE_MOVE: where the pages were */
	uint64_t
		made_by; /* if mapped_before: what mapped the first page then, as in vma_row_info */
	const char *
		name; /* of what is (or, removed, was) there; "" anonymous; the walk's, as long as that is there */
	/* Implicit: it arose between this snapshot's read and the end of the one that shows it. Else NULL. */
	const struct snapshot *since;
	const struct event *event; /* the call; an event made by the walk for an implicit change */
	/* Totals just after it. */
	uint64_t mapped_bytes;
	uint64_t vma_count; /* coalesced runs */
};

/* How much memory it is about: its range, but of mlockall(), which spans all holes, what is mapped. */
uint64_t vma_change_bytes(const struct vma_change *change);

/* How one snapshot compared. */
struct checkpoint {
	const struct snapshot *snapshot;
	bool is_base;              /* where the walk began: nothing was compared */
	bool matched;              /* no difference but explained ones and racy rows */
	uint32_t implicit_changes; /* differences, explained ones included */
	uint32_t unexplained;      /* VMAs (rows) that differ without a known cause */
	uint32_t racy;             /* rows left out */
};

struct walk;

struct walk_observer {
	void *context;
	/* Each may be NULL. before/after return false to end the walk with the map as it then is. */
	bool (*before)(void *context, const struct walk *walk, const struct event *event);
	void (*change)(void *context, const struct vma_change *change);
	/* after the event's last effect; called for events without effect and for failed ones too */
	bool (*after)(void *context, const struct walk *walk, const struct event *event);
	void (*checkpoint)(void *context, const struct walk *walk,
	                   const struct checkpoint *checkpoint);
};

struct walk_range {
	uint64_t start;
	uint64_t end;
};

/* What a walk needs to know of a trace besides its events. All borrowed. */
struct walk_input {
	struct event_source events; /* surviving events in order of seq, in-flight ones last */
	/*
	 * Those in flight once more: one that entered long ago matters to each list that was read since. NULL:
	 * they are known once they are met.
	 */
	const struct event *in_flight;
	size_t in_flight_count;
	const struct snapshot *snapshots; /* in order of begin */
	size_t snapshot_count;
	uint64_t
		first_seq; /* the oldest surviving seq: snapshots that begin before it are no base */
	uint64_t window;   /* the largest exit - enter of all events */
	/* To be read before they are needed, and what they will meet fetched meanwhile; 0 if reading one does it. */
	uint32_t ahead;
	/* vma_map_advise(); may be NULL. */
	void (*advise)(void *memory, size_t bytes);
	uint64_t start_brk;   /* 0 unknown; for the label [heap] */
	uint64_t start_stack; /* 0 unknown; for the label [stack] */
	uint32_t page_bytes;
	/* The recorder's own memory of before its first event; empty ranges mean none. */
	struct walk_range own[2];
	/* What of the base was writable before it, for all that the base shows (forked.h). */
	const struct walk_range *written;
	size_t written_count;
};

enum walk_status {
	WALK_DONE,
	WALK_STOPPED, /* the observer said so */
	WALK_NO_BASE, /* no snapshot from which all later events survive */
	WALK_NO_MEMORY,
};

struct walk_totals {
	uint64_t events;
	uint64_t
		impossible; /* e.g. a mapping where the kernel cannot have found room; model and log disagree */
	uint64_t
		in_flight; /* calls that never returned: whether they happened is not known, none is applied */
	uint64_t left; /* calls that a jump left: the same, until a snapshot tells */
	uint64_t racy; /* racy events and racy rows */
	uint64_t
		undecided; /* ranges in doubt at the base that no list was awaited for: too many (overtaken.h) */
	uint32_t checkpoints; /* compared, the base not among them */
	uint32_t matched;
	uint32_t implicit_changes;
	uint32_t unexplained_vmas; /* in snapshots, and one for each impossible call */
};

/* NULL when out of memory. */
struct walk *walk_new(const struct walk_input *input);
void walk_free(struct walk *walk);
/* Runs to the end or until the observer stops it. Once per walk. */
enum walk_status walk_run(struct walk *walk, const struct walk_observer *observer);

/* Of a walk that runs: keeps the address space as it is now, until the next call. */
void walk_keep(struct walk *walk);
/* Of one that has ended, if it was kept: what is below is of that moment then. False: out of memory. */
bool walk_go_back(struct walk *walk);

/* The address space as it is now. */
const struct vma_map *walk_map(const struct walk *walk);
const struct walk_totals *walk_totals(const struct walk *walk);
uint64_t walk_brk(const struct walk *walk);
/* vma_map_rows() of it with [heap] and [stack] put where the kernel would. */
size_t walk_rows(const struct walk *walk, struct vma_row_info *rows, size_t limit);
/* vma_map_extents() of it, labelled in the same way. */
size_t walk_extents(const struct walk *walk, struct vma_row_info *rows, size_t limit);

#endif
