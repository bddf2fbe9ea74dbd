/*
 * differential_move: random mremap, brk and sbrk.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "differential.h"

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static void call_mremap(struct places *places, struct event *event, uint64_t old, uint64_t old_size,
                        uint64_t new_size, int flags, uint64_t new)
{
	event->call = CALL_MREMAP;
	event->args[0] = old;
	event->args[1] = old_size;
	event->args[2] = new_size;
	event->args[3] = (uint64_t)flags;
	event->args[4] = new;
	set_result(event, (long)mremap((void *)old, old_size, new_size, flags, (void *)new));
	if (!event->failed)
		note_mapping(places, event->result, new_size);
	else if (flags & MREMAP_FIXED)
		take_rows_of_two(event, old, old_size, new, new_size);
}

/* Somewhere in the ordinary area with room for length; now and then where huge pages can go. */
static uint64_t pick_target(struct places *places, uint64_t length)
{
	uint64_t pages = round_up(length) / PAGE;

	if (one_in(places, 16))
		return places->huge + pick(places, 3) * HUGE_PAGE;
	return places->arena + pick(places, places->arena_pages - pages + 1) * PAGE;
}

static void shrink(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);

	call_mremap(places, event, address, length, 1 + pick(places, length), 0, 0);
}

static void grow(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);

	call_mremap(places, event, address, length, length + pick(places, 4 * PAGE), 0, 0);
}

/* To wherever the kernel likes, if it does not fit. */
static void move_anywhere(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);

	call_mremap(places, event, address, length, length + pick(places, 6 * PAGE), MREMAP_MAYMOVE,
	            0);
}

/* The same length: any number of VMAs and holes move together since Linux 6.17. */
static void move_whole(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address =
		one_in(places, 4) ? pick_range(places, &length) : pick_arena_range(places, &length);

	if (length > 40 * PAGE)
		length = 40 * PAGE;
	call_mremap(places, event, address, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
	            pick_target(places, length));
}

static void move_resized(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t new_length = 1 + pick(places, 20 * PAGE);
	uint64_t address = pick_arena_range(places, &length);

	call_mremap(places, event, address, length, new_length, MREMAP_MAYMOVE | MREMAP_FIXED,
	            pick_target(places, new_length));
}

static bool has_private_zero_device(uint64_t start, uint64_t length)
{
	static struct maps maps;

	maps_read(&maps);
	maps_touching(&maps, start, start + length, start, start + length);
	for (size_t i = 0; i < maps.count; i++) {
		if (!maps.rows[i].shared && strcmp(maps.rows[i].name, "/dev/zero") == 0)
			return true;
	}
	return false;
}

/*
 * A source that stays counts as untouched again (mm/mremap.c drops its anon_vma), and so does not keep its
 * offset at the next move, which shows if it is private /dev/zero (compare.c). Such a call fails here: no length.
 */
static void move_keeping(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);
	int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP | (one_in(places, 3) ? 0 : MREMAP_FIXED);

	if (has_private_zero_device(address, length))
		length = 0;
	call_mremap(places, event, address, length, length, flags, pick_target(places, length));
}

/* Old length 0: a second mapping of shared pages; of private ones EINVAL. */
static void duplicate(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);
	int flags = MREMAP_MAYMOVE | (one_in(places, 3) ? 0 : MREMAP_FIXED);
	uint64_t target = one_in(places, 8) ? address : pick_target(places, length);

	if (target == address)
		length = PAGE;
	call_mremap(places, event, address, 0, length, flags, target);
}

/* --- the break ---------------------------------------------------------------------------------------- */

static uint64_t pick_break(struct places *places)
{
	return places->heap + pick(places, places->heap_pages * PAGE);
}

/* As the recorder does: brk() says success even when the kernel refused, so the break itself is asked. */
static void set_break(struct places *places, struct event *event)
{
	uint64_t asked = one_in(places, 8) ? 1ull << 46 : pick_break(places);
	int status;

	event->call = CALL_BRK;
	event->args[0] = asked;
	event->args[1] = (uint64_t)sbrk(0);
	status = brk((void *)asked);
	event->result = (uint64_t)sbrk(0);
	event->error = status ? errno : 0;
	event->failed = status != 0;
}

static void move_break(struct places *places, struct event *event)
{
	intptr_t increment = one_in(places, 8) ? (intptr_t)1 << 46
	                                       : (intptr_t)(pick_break(places) - (uint64_t)sbrk(0));

	event->call = CALL_SBRK;
	event->args[0] = (uint64_t)increment;
	set_result(event, (long)sbrk(increment));
}

const struct call_kind move_kinds[] = {
	{ "mremap shrinking", shrink, 5, NULL },
	{ "mremap growing", grow, 6, NULL },
	{ "mremap MAYMOVE", move_anywhere, 6, NULL },
	{ "mremap FIXED", move_whole, 8, NULL },
	{ "mremap FIXED resizing", move_resized, 6, NULL },
	{ "mremap DONTUNMAP", move_keeping, 5, NULL },
	{ "mremap old size 0", duplicate, 5, NULL },
	{ "brk", set_break, 5, NULL },
	{ "sbrk", move_break, 5, NULL },
	{ NULL, NULL, 0, NULL },
};
