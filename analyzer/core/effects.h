/*
 * effects.h: what the files of the replay share: its state, the shape of an effect, and the few moves every
 * effect is made of. Inside the core only; replay.h is the way in.
 */
#ifndef VMATRACE_CORE_EFFECTS_H
#define VMATRACE_CORE_EFFECTS_H

#include "order.h"
#include "pages.h"
#include "vma_map.h"
#include "walk.h"

/* Of x86-64 and arm64 with 4 KiB pages, where a call does not say otherwise. */
enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024 };

/* The ranges of a successful mremap, rounded as the kernel rounds them. */
struct move {
	struct page_range old; /* empty if the old length was 0 */
	struct page_range new;
	bool in_place;
	bool keeps_source;
};

/* What an mremap took from its old range, until it is put into the new one. */
struct taken {
	uint64_t seq;
	struct move move;
	struct vma_run *runs;
	size_t count;
};

/* A file that was mapped before, known again by where its name lies: that stays as long as the source of the events. */
struct known_file {
	const char *name;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	object_id object;
};

enum { KNOWN_FILE_BITS = 10 };

struct replay {
	struct vma_map *map;
	const struct snapshot *base; /* what the map began as; borrowed */
	uint32_t page_bytes;
	bool lock_future; /* mlockall(MCL_FUTURE) */
	bool uncertain;   /* the base may show the present event already */
	bool unseen;      /* the base shows what it moved neither there nor here */
	uint64_t start_brk;
	uint64_t brk; /* 0 unknown */
	uint64_t impossible;
	uint64_t *attachments; /* bytes of the segment, by number of the attachment - 1 */
	uint32_t attachment_count;
	struct taken *taken; /* mremaps between their two halves */
	size_t taken_count;
	size_t taken_capacity;
	struct known_file known_files[1 << KNOWN_FILE_BITS]; /* by a hash of `name` */
};

/* Applies one half of one event. Failed events come too: some calls change the map and fail. */
typedef bool effect_fn(struct replay *replay, const struct event *event, enum order_half half,
                       struct vma_change *change);

/* effect_map.c */
effect_fn effect_maps;
effect_fn effect_unmaps;
effect_fn effect_attaches;
effect_fn effect_detaches;
effect_fn effect_remaps_file;
/* effect_break.c */
effect_fn effect_sets_break;
effect_fn effect_moves_break;
/* effect_move.c */
effect_fn effect_moves;
/* effect_attributes.c */
effect_fn effect_protects;
effect_fn effect_advises;
effect_fn effect_locks;
effect_fn effect_unlocks;
effect_fn effect_locks_all;
effect_fn effect_unlocks_all;
effect_fn effect_binds;
effect_fn effect_seals;
effect_fn effect_names;

/* Says what the event is about to do, while the map still shows what was there. */
void change_begin(const struct replay *replay, struct vma_change *change, enum change_kind kind,
                  const struct page_range *range);
/*
 * The same of a range that is about to be taken away: CHANGE_REMOVE, CHANGE_SHRINK or CHANGE_SPLIT, as it is for the
 * VMAs around it. False: nothing is there.
 */
bool change_begin_removal(const struct replay *replay, struct vma_change *change,
                          const struct page_range *range);

/* The kernel could not have done that. Not said of what the base may show already. */
void replay_doubt(struct replay *replay);
bool replay_any_mapped(const struct replay *replay, const struct page_range *range);
/* The first unmapped address of the range, or its end. */
uint64_t replay_first_hole(const struct replay *replay, const struct page_range *range);

/* Calls modify on a copy of every run of the range, cut to the range, and stores the copy. */
bool replay_modify(struct replay *replay, const struct page_range *range,
                   void (*modify)(struct vma_run *run, const struct event *event),
                   const struct event *event);

/* The row of the event that holds address, or NULL. */
const struct vma_row *event_row(const struct event *event, uint64_t address);
/* Makes the range what the event's rows say, if it has any. Fills *change if that changed more than it says. */
bool replay_resync(struct replay *replay, const struct event *event, const struct page_range *range,
                   struct vma_change *change);

#endif
