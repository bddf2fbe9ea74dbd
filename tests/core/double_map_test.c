/*
 * double_map_test: which memory is writable by one mapping and executable by another, against a look at each pair of
 * mappings; and of a file that is mapped ever so often, against what must come of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/double_map.h"
#include "core/objects.h"
#include "core/runs.h"

enum { PAGE = 4096, PLACES = 160, FILE_PAGES = 24, FILES = 3, EVENTS = 40000 };

struct seen {
	uint64_t random;
	uint64_t count; /* of events given out */
	uint64_t wanted;
	bool (*next)(struct seen *seen, struct event *event);
	struct double_map doubles;
	const struct walk *walk;
	uint64_t found;
	bool compares;
};

static uint64_t pick(struct seen *seen, uint64_t below)
{
	seen->random ^= seen->random << 13;
	seen->random ^= seen->random >> 7;
	seen->random ^= seen->random << 17;
	return (seen->random >> 20) % below;
}

/* --- the simplest thing that tells the same ----------------------------------------------------------- */

static bool is_writer(const struct vma_run *run)
{
	return run->shared && run->prot & PROT_WRITE;
}

static bool is_executer(const struct vma_run *run)
{
	return run->prot & PROT_EXEC;
}

static bool same_file(const struct vma_map *map, const struct vma_run *a, const struct vma_run *b)
{
	const struct object *left = vma_map_object_at(map, a->object);
	const struct object *right = vma_map_object_at(map, b->object);

	return left->inode && left->inode == right->inode && left->dev_major == right->dev_major &&
	       left->dev_minor == right->dev_minor;
}

static bool look_at_all(const struct vma_map *map, const struct vma_run *run, uint64_t start,
                        uint64_t end, struct page_range *here, struct page_range *there)
{
	for (const struct vma_run *other = vma_map_at(map, 0); other;
	     other = vma_map_next(map, other)) {
		uint64_t low = other->start + other->delta, high = other->end + other->delta;

		if (!((is_writer(other) && !is_writer(run)) ||
		      (is_executer(other) && !is_executer(run))) ||
		    !same_file(map, run, other))
			continue;
		low = low > start + run->delta ? low : start + run->delta;
		high = high < end + run->delta ? high : end + run->delta;
		if (low >= high)
			continue;
		*here = (struct page_range) { low - run->delta, high - run->delta };
		*there = (struct page_range) { low - other->delta, high - other->delta };
		return true;
	}
	return false;
}

static bool expected(const struct vma_map *map, const struct vma_change *change,
                     struct page_range *here, struct page_range *there)
{
	if (!change->mapped_after || !change_gives_rights(change->kind))
		return false;
	for (const struct vma_run *run = vma_map_at(map, change->start);
	     run && run->start < change->end; run = vma_map_next(map, run)) {
		uint64_t start = run->start > change->start ? run->start : change->start;
		uint64_t end = run->end < change->end ? run->end : change->end;

		if (is_writer(run) == is_executer(run)) /* none of both, or both by itself */
			continue;
		if (look_at_all(map, run, start, end, here, there))
			return true;
	}
	return false;
}

/* --- a walk -------------------------------------------------------------------------------------------- */

static void change(void *context, const struct vma_change *change)
{
	struct page_range here = { 0 }, there = { 0 }, wanted_here = { 0 }, wanted_there = { 0 };
	struct seen *seen = context;
	bool found;

	assert_true(double_map_see(&seen->doubles, change, &found, &here, &there));
	/* However many there were before, what is remembered is a matter of what there is. */
	assert_true(file_spans_size(&seen->doubles.spans) < 3 * change->vma_count + 8192);
	seen->found += found;
	if (!seen->compares)
		return;
	assert_int_equal(found,
	                 expected(walk_map(seen->walk), change, &wanted_here, &wanted_there));
	if (found) {
		assert_memory_equal(&here, &wanted_here, sizeof(here));
		assert_memory_equal(&there, &wanted_there, sizeof(there));
	}
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct seen *seen = context;

	(void)checkpoint;
	seen->walk = walk;
	assert_true(double_map_begin(&seen->doubles, walk));
}

static bool next_event(void *self, struct event *event)
{
	struct seen *seen = self;

	if (seen->count == seen->wanted)
		return false;
	*event = (struct event) { .tid = 1 };
	event->seq = event->enter = event->exit = seen->count;
	if (!seen->next(seen, event))
		return false;
	seen->count++;
	return true;
}

static void run(struct seen *seen)
{
	struct vma_row rows[2] = {
		{ .start = 1u << 20,
		  .end = (1u << 20) + FILE_PAGES * PAGE,
		  .prot = PROT_READ | PROT_EXEC,
		  .inode = 1,
		  .dev_major = 8,
		  .name = "/file" },
		{ .start = 2u << 20, .end = (2u << 20) + PAGE, .prot = PROT_READ, .name = "" },
	};
	struct snapshot base = { .rows = rows, .row_count = 2 };
	struct walk_input input = {
		.events = { next_event, seen },
		.snapshots = &base,
		.snapshot_count = 1,
		.page_bytes = PAGE,
	};
	const struct walk_observer observer = { seen, NULL, change, NULL, checkpoint };
	struct walk *walk = walk_new(&input);

	seen->random = 88172645463325252;
	assert_int_equal(walk_run(walk, &observer), WALK_DONE);
	double_map_release(&seen->doubles);
	walk_free(walk);
}

static void map_file(struct event *event, uint64_t address, uint64_t pages, uint64_t prot,
                     uint64_t flags, uint64_t inode, uint64_t offset)
{
	event->call = CALL_MMAP;
	event->args[0] = event->result = address;
	event->args[1] = pages * PAGE;
	event->args[2] = prot;
	event->args[3] = flags | MAP_FIXED;
	event->args[4] = 3;
	event->args[5] = offset * PAGE;
	event->has_object = true;
	event->dev_major = 8;
	event->inode = inode;
	event->text = "/file";
}

/* --- the tests ----------------------------------------------------------------------------------------- */

static uint64_t somewhere(struct seen *seen)
{
	return (4u << 20) + pick(seen, PLACES) * PAGE;
}

static bool anything(struct seen *seen, struct event *event)
{
	static const uint64_t rights[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		                           PROT_READ | PROT_WRITE | PROT_EXEC };
	uint64_t what = pick(seen, 10);

	if (what < 4) {
		map_file(event, somewhere(seen), 1 + pick(seen, FILE_PAGES), rights[pick(seen, 4)],
		         pick(seen, 2) ? MAP_SHARED : MAP_PRIVATE, 1 + pick(seen, FILES),
		         pick(seen, FILE_PAGES));
		return true;
	}
	event->args[0] = somewhere(seen);
	event->args[1] = (1 + pick(seen, FILE_PAGES)) * PAGE;
	if (what < 6) {
		event->call = CALL_MUNMAP;
	} else if (what < 9) {
		event->call = CALL_MPROTECT;
		event->args[2] = rights[pick(seen, 4)];
	} else { /* of one page, which is always of one mapping */
		event->call = CALL_MREMAP;
		event->args[1] = PAGE;
		event->args[2] = (1 + pick(seen, 3)) * PAGE;
		event->args[3] = MREMAP_MAYMOVE | MREMAP_FIXED;
		event->args[4] = event->result = somewhere(seen);
	}
	return true;
}

static void finds_what_a_look_at_all_finds(void **state)
{
	struct seen seen = { .wanted = EVENTS, .next = anything, .compares = true };

	(void)state;
	run(&seen);
	assert_true(seen.found > EVENTS / 20);
	assert_true(seen.found < EVENTS / 2);
}

enum { MANY = 200000 };

/* Page 2 i of the file writable, page 2 i + 1 executable: no two have a page in common but the last ones. */
static bool side_by_side(struct seen *seen, struct event *event)
{
	uint64_t number = seen->count;
	bool last = number + 2 >= MANY;

	map_file(event, (1ull << 32) + 2 * number * PAGE, 1,
	         number % 2 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE, MAP_SHARED, 1,
	         last ? 7 : number + FILE_PAGES);
	return true;
}

/* One page of the file, mapped again and again, each time with the other right. */
static bool one_upon_another(struct seen *seen, struct event *event)
{
	uint64_t number = seen->count;

	map_file(event, (1ull << 32) + 2 * number * PAGE, 1,
	         number % 2 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE, MAP_SHARED, 2, 5);
	return true;
}

/* A mapping of each right, in ever new places, and always one of both at a time. */
static bool one_after_another(struct seen *seen, struct event *event)
{
	uint64_t number = seen->count / 2;

	map_file(event, (1ull << 32) + 2 * number * PAGE, 1,
	         number % 2 ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE, MAP_SHARED, 2, 5);
	if (seen->count % 2) {
		event->call = CALL_MUNMAP;
		event->result = 0;
	}
	return true;
}

enum { LAYERS = 20000 };

/*
 * A file mapped over itself LAYERS times, each time from another page of it on, and then cut into pieces of one page by
 * as many calls: what is remembered of each layer is no longer true anywhere. Three times LAYERS mappings
 * before that are there to stay. Then each layer is asked for.
 */
static bool layers_in_pieces(struct seen *seen, struct event *event)
{
	const uint64_t wide = 1ull << 40;
	uint64_t phase = seen->count / LAYERS, number = seen->count % LAYERS;

	if (phase < 3)
		map_file(event, (1ull << 32) + 2 * seen->count * PAGE, 1, PROT_READ | PROT_WRITE,
		         MAP_SHARED, 3, 0);
	else if (phase == 3)
		map_file(event, wide, 2 * LAYERS, PROT_READ | PROT_WRITE, MAP_SHARED, 2,
		         (1 + number) * 3 * LAYERS);
	else if (phase == 4)
		map_file(event, wide + 2 * number * PAGE, 2, PROT_READ | PROT_WRITE, MAP_SHARED, 3,
		         0);
	else
		map_file(event, 1ull << 45, 1, PROT_READ | PROT_EXEC, MAP_SHARED, 2,
		         (1 + number) * 3 * LAYERS + LAYERS);
	return true;
}

/* A new file each time, which is gone with the next. */
static bool ever_new_files(struct seen *seen, struct event *event)
{
	map_file(event, 1ull << 32, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 2 + seen->count, 0);
	return true;
}

/* Were each looked for among all that are mapped, none of these would come to an end. */
static void finds_among_many(void **state)
{
	struct seen beside = { .wanted = MANY, .next = side_by_side };
	struct seen upon = { .wanted = MANY, .next = one_upon_another };
	struct seen after = { .wanted = 2 * MANY, .next = one_after_another };
	struct seen layers = { .wanted = 6 * LAYERS, .next = layers_in_pieces };
	struct seen files = { .wanted = 10 * MANY, .next = ever_new_files };

	(void)state;
	run(&beside);
	assert_int_equal(beside.found, 2); /* and both of them with what the base has of page 7 */
	run(&upon);
	assert_int_equal(upon.found, MANY - 1);
	run(&after);
	assert_int_equal(after.found, 0);
	run(&layers);
	assert_int_equal(layers.found, 0);
	run(&files);
	assert_int_equal(files.found, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_look_at_all_finds),
		cmocka_unit_test(finds_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
