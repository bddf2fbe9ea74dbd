/*
 * undo_log: see the header.
 */
#include "undo_log.h"

#include <stdlib.h>

void undo_log_release(struct undo_log *log)
{
	free(log->changes);
	free(log->runs);
	*log = (struct undo_log) { 0 };
}

void undo_log_begin(struct undo_log *log, size_t most)
{
	log->most = most > UNDO_LEAST ? most : UNDO_LEAST;
	log->change_count = log->run_count = 0;
	log->open = true;
}

/* One more of `bytes` each, of at most `most`; the array is *items. */
static bool make_room(void **items, size_t *room, size_t count, size_t most, size_t bytes)
{
	size_t more = *room ? 2 * *room : UNDO_LEAST;
	void *grown;

	if (count >= most)
		return false;
	if (count < *room)
		return true;
	grown = reallocarray(*items, more, bytes);
	if (!grown)
		return false;
	*items = grown;
	*room = more;
	return true;
}

bool undo_log_change(struct undo_log *log, uint64_t start, uint64_t end)
{
	void *changes = log->changes;

	log->open = make_room(&changes, &log->change_room, log->change_count, log->most,
	                      sizeof(*log->changes));
	log->changes = changes;
	if (log->open)
		log->changes[log->change_count++] = (struct undo_change) {
			.start = start,
			.end = end,
			.first = log->run_count,
		};
	return log->open;
}

bool undo_log_run(struct undo_log *log, const struct vma_run *run)
{
	void *runs = log->runs;

	log->open = make_room(&runs, &log->run_room, log->run_count, log->most + log->most / 2,
	                      sizeof(*log->runs));
	log->runs = runs;
	if (!log->open) {
		log->change_count--;
		return false;
	}
	log->runs[log->run_count++] = *run;
	log->changes[log->change_count - 1].count++;
	return true;
}

const struct undo_change *undo_log_take(struct undo_log *log)
{
	return log->change_count ? &log->changes[--log->change_count] : NULL;
}
