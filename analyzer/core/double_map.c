/*
 * double_map: see the header.
 */
#include "double_map.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "objects.h"
#include "runs.h"

enum { WRITES = 1, EXECUTES = 2, BOTH = WRITES | EXECUTES };

enum {
	OTHERS = 32, /* so many are looked at for the one at the lowest address */
	SPANS_AT_LEAST = 4096,
};

struct mapped_file {
	unsigned rights;   /* that mappings of it ever gave */
	uint32_t round;    /* in which spans were noted; those of another are none any more */
	span_root writers; /* those that give the right, and some that did */
	span_root executers;
};

bool change_gives_rights(enum change_kind kind)
{
	static const bool gives[CHANGE_COUNT] = {
		[CHANGE_CREATE] = true, [CHANGE_REPLACE] = true, [CHANGE_GROW] = true,
		[CHANGE_MERGE] = true,  [CHANGE_PROTECT] = true, [CHANGE_IMPLICIT] = true,
	};

	return kind < CHANGE_COUNT && gives[kind];
}

/* What the run lets be done to its file's pages. */
static unsigned rights_of(const struct vma_run *run)
{
	unsigned rights = 0;

	if (run->shared && run->prot & PROT_WRITE)
		rights |= WRITES;
	if (run->prot & PROT_EXEC)
		rights |= EXECUTES;
	return rights;
}

/* Its number, the same for all of its names; 0: out of memory. */
static uint64_t number_of(struct number_table *numbers, uint64_t key)
{
	uint64_t *number = number_table_at(numbers, key);

	if (number && !*number)
		*number = numbers->count;
	return number ? *number : 0;
}

/* 1, 2, ...; 0: out of memory. */
static uint64_t file_of(struct double_map *doubles, const struct object *object)
{
	uint64_t inode = number_of(&doubles->inodes, object->inode);
	uint64_t device =
		number_of(&doubles->devices, (uint64_t)object->dev_major << 32 | object->dev_minor);
	uint64_t file = inode && device ? number_of(&doubles->pairs, inode << 32 | device) : 0;

	if (file > doubles->file_room) {
		struct mapped_file *files = reallocarray(doubles->files, 2 * file, sizeof(*files));

		if (!files)
			return 0;
		doubles->files = files;
		doubles->file_room = 2 * file;
	}
	while (doubles->file_count < file)
		doubles->files[doubles->file_count++] = (struct mapped_file) { 0 };
	return file;
}

/* There may be very many: its spans are forgotten once it is met. */
static struct mapped_file *mapped_at(struct double_map *doubles, uint64_t file)
{
	struct mapped_file *mapped = &doubles->files[file - 1];

	if (mapped->round != doubles->round)
		mapped->writers = mapped->executers = 0;
	mapped->round = doubles->round;
	return mapped;
}

/* Of no file nothing is known, and none goes on behind the last byte that an offset can have. */
static bool matters(const struct vma_map *map, const struct vma_run *run)
{
	return rights_of(run) && vma_map_object_at(map, run->object)->inode &&
	       run->start + run->delta < run->end + run->delta;
}

/* *file: 0: the run has no rights that matter here. False: out of memory. */
static bool add(struct double_map *doubles, const struct vma_run *run, uint64_t *file)
{
	const struct vma_map *map = walk_map(doubles->walk);
	const struct file_span span = { run->start + run->delta, run->end + run->delta,
		                        run->start };
	unsigned rights = rights_of(run);
	struct mapped_file *mapped;

	*file = 0;
	if (!matters(map, run))
		return true;
	*file = file_of(doubles, vma_map_object_at(map, run->object));
	if (!*file)
		return false;
	mapped = mapped_at(doubles, *file);
	mapped->rights |= rights;
	return (!(rights & WRITES) || file_spans_add(&doubles->spans, &mapped->writers, &span)) &&
	       (!(rights & EXECUTES) || file_spans_add(&doubles->spans, &mapped->executers, &span));
}

/* All that is mapped now, and nothing else. */
static bool add_all(struct double_map *doubles)
{
	const struct vma_map *map = walk_map(doubles->walk);
	uint64_t file;

	file_spans_clear(&doubles->spans);
	doubles->round++;
	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		if (!add(doubles, run, &file))
			return false;
	}
	doubles->noted_again = 0;
	doubles->spans_limit =
		2 * file_spans_size(&doubles->spans) + vma_map_count(map) + SPANS_AT_LEAST;
	return true;
}

bool double_map_begin(struct double_map *doubles, const struct walk *walk)
{
	doubles->walk = walk;
	return add_all(doubles);
}

static bool same_file(const struct vma_map *map, const struct vma_run *a, const struct vma_run *b)
{
	const struct object *left = vma_map_object_at(map, a->object);
	const struct object *right = vma_map_object_at(map, b->object);

	return a->object == b->object ||
	       (left->inode == right->inode && left->dev_major == right->dev_major &&
	        left->dev_minor == right->dev_minor);
}

static span_root root_of(const struct mapped_file *file, unsigned right)
{
	return right == WRITES ? file->writers : file->executers;
}

/* Which mapping it is now that has the first byte of `pages` that the span had; NULL: it is another's by now. */
static const struct vma_run *still_there(const struct vma_map *map, const struct vma_run *run,
                                         const struct file_span *span,
                                         const struct page_range *pages, unsigned rights)
{
	uint64_t first = span->start > pages->start ? span->start : pages->start;
	uint64_t address = first - span->start + span->address;
	const struct vma_run *other = vma_map_at(map, address);

	return other && other->start <= address && other->delta == span->start - span->address &&
	                       rights_of(other) & rights && same_file(map, run, other)
	               ? other
	               : NULL;
}

/*
 * What was noted of the span is no longer true of all of it: what is true is noted. Where that was much already, there
 * may be many such spans of the same addresses, and all are noted anew.
 */
static bool note_again(struct double_map *doubles, span_root root, const struct file_span *span)
{
	const struct vma_map *map = walk_map(doubles->walk);
	uint64_t end = span->address + (span->end - span->start);
	uint64_t file;

	if (doubles->noted_again > doubles->spans_limit)
		return add_all(doubles);
	file_spans_drop(&doubles->spans, root, span);
	for (const struct vma_run *run = vma_map_at(map, span->address); run && run->start < end;
	     run = vma_map_next(map, run), doubles->noted_again++) {
		if (!add(doubles, run, &file))
			return false;
	}
	return true;
}

/*
 * A mapping that gives pages of `run` the right that it does not: they, and where they are there. Of several the one at
 * the lowest address; of very many, of those that begin first in the file.
 */
static bool find_other(struct double_map *doubles, const struct vma_run *run, bool *found,
                       struct page_range *here, struct page_range *there)
{
	const struct vma_map *map = walk_map(doubles->walk);
	const struct page_range pages = { run->start + run->delta, run->end + run->delta };
	unsigned rights = BOTH & ~rights_of(run);
	uint64_t file;
	const struct vma_run *lowest = NULL;
	struct file_span spans[OTHERS];
	struct page_range both;
	size_t count, i;

	if (!matters(map, run) || !rights)
		return true;
	file = file_of(doubles, vma_map_object_at(map, run->object));
	if (!file)
		return false;
	do {
		span_root root = root_of(mapped_at(doubles, file), rights);

		count = file_spans_find(&doubles->spans, root, pages.start, pages.end, spans,
		                        OTHERS);
		for (i = 0, lowest = NULL; i < count; i++) {
			const struct vma_run *other =
				still_there(map, run, &spans[i], &pages, rights);

			if (!other)
				break;
			if (!lowest || other->start < lowest->start)
				lowest = other;
		}
		if (i < count && !note_again(doubles, root, &spans[i]))
			return false;
	} while (i < count);
	if (!lowest)
		return true;
	both.start = lowest->start + lowest->delta;
	both.start = both.start > pages.start ? both.start : pages.start;
	both.end = lowest->end + lowest->delta;
	both.end = both.end < pages.end ? both.end : pages.end;
	*here = (struct page_range) { both.start - run->delta, both.end - run->delta };
	*there = (struct page_range) { both.start - lowest->delta, both.end - lowest->delta };
	*found = true;
	return true;
}

bool double_map_see(struct double_map *doubles, const struct vma_change *change, bool *found,
                    struct page_range *here, struct page_range *there)
{
	const struct vma_map *map = doubles->walk ? walk_map(doubles->walk) : NULL;
	bool gives = change_gives_rights(change->kind);
	const struct vma_run *first, *run;
	bool doubtful = false;

	*found = false;
	if (!map || !change->mapped_after || (!gives && change->kind != CHANGE_MOVE))
		return true;
	if (file_spans_size(&doubles->spans) > doubles->spans_limit && !add_all(doubles))
		return false;
	first = vma_map_at(map, change->start);
	for (run = first; run && run->start < change->end; run = vma_map_next(map, run)) {
		uint64_t file;

		if (!add(doubles, run, &file))
			return false;
		doubtful |= file && doubles->files[file - 1].rights == BOTH;
	}
	for (run = first; gives && doubtful && !*found && run && run->start < change->end;
	     run = vma_map_next(map, run)) {
		struct vma_run part = *run;

		part.start = part.start < change->start ? change->start : part.start;
		part.end = part.end > change->end ? change->end : part.end;
		if (!find_other(doubles, &part, found, here, there))
			return false;
	}
	return true;
}

void double_map_release(struct double_map *doubles)
{
	number_table_release(&doubles->inodes);
	number_table_release(&doubles->devices);
	number_table_release(&doubles->pairs);
	file_spans_release(&doubles->spans);
	free(doubles->files);
	*doubles = (struct double_map) { 0 };
}
