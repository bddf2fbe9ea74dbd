/*
 * undo_log.h: what each of the last changes of a vma_map took away, so that they can be taken back, the last one first.
 * A map is kept as it is at every new peak, which while it grows is at nearly every event, and is given back once: to
 * write down a run or two costs less than to save the blocks they lie in.
 *
 *     changes   [ 30-50, 2 runs ][ 10-20, none ] ...      of which range, oldest first
 *     runs      [ 20-40 ][ 40-45 ]                         what lay there, and may reach out of it
 *
 * It is bounded: the change that finds no room, or no memory, ends it, and what it has until then stays true of the map
 * before that.
 * Owner: the caller; undo_log_release() frees the contents; all 0 is an empty one that is not open.
 */
#ifndef VMATRACE_CORE_UNDO_LOG_H
#define VMATRACE_CORE_UNDO_LOG_H

#include "vma_map.h"

enum { UNDO_LEAST = 512 }; /* changes there is always room for */

struct undo_change {
	uint64_t start;
	uint64_t end;
	size_t first; /* of its runs */
	size_t count;
};

struct undo_log {
	bool open;   /* each change is to be written down */
	size_t most; /* changes, and half as many runs more */
	struct undo_change *changes;
	size_t change_count;
	size_t change_room;
	struct vma_run *runs;
	size_t run_count;
	size_t run_room;
};

void undo_log_release(struct undo_log *log);
/* Empty and open, with room for so many changes, or UNDO_LEAST. */
void undo_log_begin(struct undo_log *log, size_t most);
/* Of an open one: [start, end) is about to change. Its runs follow. False: there is no room, it is closed. */
bool undo_log_change(struct undo_log *log, uint64_t start, uint64_t end);
/* Of the last change, in order. False: there is no room, it is closed, without that change. */
bool undo_log_run(struct undo_log *log, const struct vma_run *run);
/* Of one that is not written to any more: the last change, which is in it no more. NULL: there is none. */
const struct undo_change *undo_log_take(struct undo_log *log);

#endif
