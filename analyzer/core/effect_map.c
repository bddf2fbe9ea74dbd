/*
 * effect_map: calls that map and unmap pages at an address: mmap, munmap, shmat, shmdt, remap_file_pages.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "effects.h"
#include "runs.h"
#include "vmatrace/trace_format.h"

/* A name as /proc/PID/maps prints it: a newline is the one character it escapes. */
static char *escape(const char *name)
{
	size_t bytes = 1;
	char *escaped;
	char *to;

	for (const char *at = name; *at; at++)
		bytes += *at == '\n' ? strlen("\\012") : 1;
	escaped = malloc(bytes);
	if (!escaped)
		return NULL;
	for (to = escaped; *name; name++)
		to = *name == '\n' ? stpcpy(to, "\\012") : (*to = *name, to + 1);
	*to = '\0';
	return escaped;
}

static bool find_object(struct vma_map *map, const struct event *event, object_id *object)
{
	const char *name = event->text ? event->text : "?";
	char *escaped = NULL;
	bool fine = !strchr(name, '\n') || (escaped = escape(name));

	fine = fine && vma_map_object(map, event->dev_major, event->dev_minor, event->inode,
	                              escaped ? escaped : name, object);
	free(escaped);
	return fine;
}

/* What is mapped once is mapped again and again, and its name lies where few others look. */
static bool file_object(struct replay *replay, const struct event *event, object_id *object)
{
	uint64_t hash = (uint64_t)(uintptr_t)event->text * 0x9e3779b97f4a7c15;
	struct known_file *known = &replay->known_files[hash >> (64 - KNOWN_FILE_BITS)];

	if (!event->text || known->name != event->text || known->inode != event->inode ||
	    known->dev_major != event->dev_major || known->dev_minor != event->dev_minor) {
		if (!find_object(replay->map, event, object))
			return false;
		*known = (struct known_file) {
			.name = event->text,
			.inode = event->inode,
			.dev_major = event->dev_major,
			.dev_minor = event->dev_minor,
			.object = *object,
		};
	}
	*object = known->object;
	return true;
}

/* What the kernel's row says lies at run->start, for the whole run. */
static bool object_of_row(struct vma_map *map, const struct vma_row *row, struct vma_run *run)
{
	struct vma_run kernel;

	if (!run_of_row(map, row, &kernel))
		return false;
	run->object = kernel.object;
	run->delta = kernel.delta;
	return true;
}

/* Sets run->object and run->delta of a new mapping. */
static bool identify(struct replay *replay, const struct event *event, struct vma_run *run)
{
	struct vma_map *map = replay->map;
	const struct vma_row *row = event_row(event, run->start);

	if (row)
		return object_of_row(map, row, run);
	if (event->args[3] & MAP_ANONYMOUS) {
		/* Shared anonymous memory whose inode was not read: it looks like this, but for that. */
		return !run->shared ||
		       vma_map_object(map, 0, 1, 0, "/dev/zero (deleted)", &run->object);
	}
	if (!file_object(replay, event, &run->object))
		return false;
	if (object_has_offsets(vma_map_object_at(map, run->object)))
		run->delta = event->args[5] - run->start;
	return true;
}

static uint8_t flags_of_mmap(const struct replay *replay, uint64_t flags)
{
	unsigned run_flags = 0;

	if (flags & MAP_LOCKED || replay->lock_future)
		run_flags |= RUN_LOCKED;
	if (flags & MAP_NORESERVE)
		run_flags |= RUN_NORESERVE;
	if (flags & MAP_HUGETLB)
		run_flags |= RUN_HUGETLB;
	if (flags & MAP_STACK)
		run_flags |= RUN_STACK;
	/* Which the kernel has not heeded for long, and nobody else gives; the loader maps its cache without (glibc:elf/dl-load.h). */
	if ((flags & (MAP_DENYWRITE | MAP_ANONYMOUS)) == MAP_DENYWRITE)
		run_flags |= RUN_LOADED;
	return (uint8_t)run_flags;
}

/* The pages of a new mapping. Of a segment of unknown size the row that begins there tells. */
static struct page_range mapped_range(const struct replay *replay, const struct event *event,
                                      uint64_t length)
{
	const struct vma_row *row = event_row(event, event->result);

	if (!length && row && row->start == event->result)
		length = row->end - row->start;
	return page_range(event->result, length, replay->page_bytes);
}

/* MAP_HUGETLB lengths are rounded up to the size that the flags name, or the usual one. */
static uint64_t mmap_length(const struct event *event)
{
	uint64_t shift = event->args[3] >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	if (!(event->args[3] & MAP_HUGETLB))
		return event->args[1];
	return page_ceil(event->args[1], shift > 12 && shift < 32 ? 1u << shift : HUGE_PAGE_BYTES);
}

/* Puts a new run there; what may_replace does not allow to be there cannot have been there. */
static bool put(struct replay *replay, const struct event *event, const struct vma_run *run,
                bool may_replace, struct vma_change *change)
{
	struct page_range range = { run->start, run->end };
	const struct vma_row *row = event_row(event, run->start);

	change_begin(replay, change, CHANGE_CREATE, &range);
	if (change->mapped_before) {
		change->kind = CHANGE_REPLACE;
		if (!may_replace)
			replay_doubt(replay);
	}
	if (!vma_map_set(replay->map, run))
		return false;
	/* Where the kernel rounds up to more than pages, its row goes on (a file of huge pages). */
	if (row && row->start == range.start && row->end > range.end)
		range.end = row->end;
	return replay_resync(replay, event, &range, change);
}

bool effect_maps(struct replay *replay, const struct event *event, enum order_half half,
                 struct vma_change *change)
{
	uint64_t flags = event->args[3];
	unsigned type = flags & MAP_TYPE;
	bool fixed = flags & MAP_FIXED && !(flags & MAP_FIXED_NOREPLACE);
	struct page_range range;
	struct vma_run run;

	(void)half;
	if (event->failed) { /* MAP_FIXED may have torn down what was there */
		range = page_range(event->args[0], mmap_length(event), replay->page_bytes);
		return !fixed || replay_resync(replay, event, &range, change);
	}
	range = mapped_range(replay, event, mmap_length(event));
	if (range.start == range.end)
		return true;
	run = (struct vma_run) {
		.start = range.start,
		.end = range.end,
		.prot = event->args[2] & (PROT_READ | PROT_WRITE | PROT_EXEC),
		.shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE,
		.internal = event->flags & VMAT_EVENT_INTERNAL,
		.grows_down = flags & MAP_GROWSDOWN,
		.map_flags = flags_of_mmap(replay, flags),
		.created_by = event->seq,
		.changed_by = event->seq,
	};
	return identify(replay, event, &run) && put(replay, event, &run, fixed, change);
}

bool effect_unmaps(struct replay *replay, const struct event *event, enum order_half half,
                   struct vma_change *change)
{
	struct page_range range = page_range(event->args[0], event->args[1], replay->page_bytes);

	(void)half;
	if (event->failed || !change_begin_removal(replay, change, &range))
		return true; /* munmap of a hole is no error */
	return vma_map_clear(replay->map, range.start, range.end) &&
	       replay_resync(replay, event, &range, change);
}

/* --- SysV shared memory ------------------------------------------------------------------------------- */

/* Pages of one attachment know each other by its number, wherever mremap puts them. */
static bool number_attachment(struct replay *replay, uint64_t bytes, uint32_t *number)
{
	uint32_t count = replay->attachment_count;

	if (!(count & (count + 1))) { /* room for 1, 3, 7, ... is full */
		uint64_t *attachments = reallocarray(replay->attachments, 2 * (size_t)count + 1,
		                                     sizeof(*attachments));

		if (!attachments)
			return false;
		replay->attachments = attachments;
	}
	replay->attachments[count] = bytes;
	*number = ++replay->attachment_count;
	return true;
}

bool effect_attaches(struct replay *replay, const struct event *event, enum order_half half,
                     struct vma_change *change)
{
	uint64_t flags = event->args[2];
	struct page_range range = mapped_range(replay, event, event->args[3]);
	const struct vma_row *row = event_row(event, event->result);
	struct vma_run run = {
		.start = range.start,
		.end = range.end,
		.prot = PROT_READ,
		.shared = true,
		.internal = event->flags & VMAT_EVENT_INTERNAL,
		.map_flags = replay->lock_future ? RUN_LOCKED : 0,
		.created_by = event->seq,
		.changed_by = event->seq,
	};
	char name[sizeof("/SYSV00000000 (deleted)")];

	(void)half;
	if (event->failed || range.start == range.end)
		return true;
	if (!(flags & SHM_RDONLY))
		run.prot |= PROT_WRITE;
	if (flags & SHM_EXEC)
		run.prot |= PROT_EXEC;
	if (row) {
		if (!object_of_row(replay->map, row, &run))
			return false;
	} else {
		static const char digits[] = "0123456789abcdef";
		uint32_t key = (uint32_t)event->args[4];

		memcpy(name, "/SYSV00000000 (deleted)", sizeof(name));
		for (size_t i = 0; i < 8; i++)
			name[strlen("/SYSV") + i] = digits[key >> (28 - 4 * i) & 15];
		if (!vma_map_object(replay->map, 0, 1, event->args[0], name, &run.object))
			return false;
		run.delta = -run.start;
	}
	return number_attachment(replay, range.end - range.start, &run.attach) &&
	       put(replay, event, &run, flags & SHM_REMAP, change);
}

/* A page of a segment that lies where an attachment at `base` would have put it. */
static bool is_attached_at(const struct replay *replay, const struct vma_run *run, uint64_t base)
{
	return run->delta == -base && object_is_sysv(vma_map_object_at(replay->map, run->object));
}

/* The end of the VMA that begins with this run: runs are finer. */
static uint64_t vma_end(const struct replay *replay, const struct vma_run *run)
{
	const struct vma_run *next;

	while ((next = vma_map_next(replay->map, run)) && runs_join(run, next))
		run = next;
	return run->end;
}

/*
 * The kernel takes the first VMA at or above the address that shows a segment where an attachment at the
 * address put it, whole, and of the same attachment all such that end within its size (ipc/shm.c).
 */
bool effect_detaches(struct replay *replay, const struct event *event, enum order_half half,
                     struct vma_change *change)
{
	uint64_t base = event->args[0];
	const struct vma_run *run = vma_map_at(replay->map, base);
	struct page_range range;
	uint32_t attach;
	object_id object;
	uint64_t limit;

	(void)half;
	if (event->failed)
		return true;
	while (run && !is_attached_at(replay, run, base))
		run = vma_map_next(replay->map, run);
	if (!run) {
		replay_doubt(replay);
		return true;
	}
	attach = run->attach;
	object = run->object;
	limit = attach ? base + replay->attachments[attach - 1] : UINT64_MAX;
	range = (struct page_range) { run->start, vma_end(replay, run) };
	change_begin(replay, change, CHANGE_REMOVE, &range);
	if (!vma_map_clear(replay->map, range.start, range.end))
		return false;
	while ((run = vma_map_at(replay->map, range.end)) && run->start < limit) {
		range.start = run->start;
		range.end = vma_end(replay, run);
		if (run->attach != attach || run->object != object || run->delta != -base ||
		    range.end > limit)
			continue;
		change->end = range.end;
		if (!vma_map_clear(replay->map, range.start, range.end))
			return false;
	}
	return true;
}

/* --- remap_file_pages --------------------------------------------------------------------------------- */

/* Emulated by the kernel: the range is mapped again, from another page of the same file, as its first page is. */
bool effect_remaps_file(struct replay *replay, const struct event *event, enum order_half half,
                        struct vma_change *change)
{
	struct page_range range = {
		page_floor(event->args[0], replay->page_bytes),
		page_floor(event->args[0], replay->page_bytes) +
			page_floor(event->args[1], replay->page_bytes),
	};
	const struct vma_run *run = vma_map_at(replay->map, range.start);
	struct vma_run copy;

	(void)half;
	if (event->failed || range.start >= range.end)
		return true;
	if (!run || run->start > range.start) {
		replay_doubt(replay);
		return true;
	}
	copy = *run;
	copy.start = range.start;
	copy.end = range.end;
	copy.delta = event->args[3] * replay->page_bytes - range.start;
	copy.row = 0;
	copy.changed_by = event->seq;
	change_begin(replay, change, CHANGE_REPLACE, &range);
	return vma_map_set(replay->map, &copy) && replay_resync(replay, event, &range, change);
}
