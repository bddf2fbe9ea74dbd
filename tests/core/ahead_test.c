/*
 * ahead_test: events read ahead of their turn, and what they will meet looked for meanwhile, are a matter of speed. A
 * process of so many VMAs that the map takes hints is simulated, threads and all; whatever is read ahead, every
 * observer hears the same, and in the end the map is what the process had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/run_list.h"
#include "core/walk.h"

enum {
	PAGE = 4096,
	BASE_ROWS =
		LARGE_BLOCKS * BLOCK_RUNS + 8000, /* full blocks or not, there are enough of them */
	ROW_PAGES = 3,                            /* each, and as many to the next */
	PAGES = 2 * ROW_PAGES * BASE_ROWS,
	MOST_PAGES = 4, /* of one call */
	THREADS = 6,
	SLOW = 0,   /* the thread whose calls return late */
	HOLD = 500, /* so many events behind; none returns later */
	SNAPSHOTS = 5,
	BETWEEN = 4000, /* events from one to the next */
	EVENTS = SNAPSHOTS * (BETWEEN + 2 * HOLD),
	READ = 100, /* events while one is read */
	READER = 99,
	WORDS = 12,
};

/* --- a simulated process ------------------------------------------------------------------------------ */

enum stage { IDLE, ENTERED, ACTED };

struct page {
	uint8_t owner; /* 0 free, else the thread that knows it, + 1 */
	uint8_t prot;
	bool busy; /* a call that owns it is under way */
};

struct thread {
	enum stage stage;
	struct event event;
	size_t from; /* pages that it has in hand */
	size_t count;
	size_t to; /* those that a call gave it */
	size_t to_count;
};

struct process {
	struct thread threads[THREADS];
	struct page pages[PAGES];
	uint64_t head;
	uint64_t random;
	uint64_t window;
	struct event events[EVENTS];
	size_t count;
	struct snapshot snapshots[SNAPSHOTS];
};

static uint64_t pick(struct process *process, uint64_t below)
{
	process->random ^= process->random << 13;
	process->random ^= process->random >> 7;
	process->random ^= process->random << 17;
	return (process->random >> 20) % below;
}

static size_t find_free(struct process *process, size_t count)
{
	for (size_t from = pick(process, PAGES);; from++) {
		size_t free = 0;

		from %= PAGES - MOST_PAGES;
		while (free < count && !process->pages[from + free].owner)
			free++;
		if (free == count)
			return from;
	}
}

/* Pages of one thread and of one protection, as far as it has so many side by side. */
static void take_in_hand(struct process *process, uint32_t number, bool whole)
{
	struct thread *thread = &process->threads[number];
	size_t most = 1 + pick(process, MOST_PAGES);
	const struct page *page;

	thread->from = pick(process, PAGES - MOST_PAGES);
	while (process->pages[thread->from].owner != number + 1 ||
	       process->pages[thread->from].busy)
		thread->from = (thread->from + 1) % (PAGES - MOST_PAGES);
	thread->count = 0;
	page = &process->pages[thread->from];
	while (thread->count < most && page[thread->count].owner == number + 1 &&
	       !page[thread->count].busy && (!whole || page[thread->count].prot == page->prot))
		thread->count++;
}

static void set_busy(struct process *process, size_t from, size_t count, bool busy)
{
	for (size_t i = 0; i < count; i++)
		process->pages[from + i].busy = busy;
}

static void fill(struct process *process, size_t from, size_t count, struct page page)
{
	for (size_t i = 0; i < count; i++)
		process->pages[from + i] = page;
}

static void enter(struct process *process, uint32_t number, uint16_t call)
{
	struct thread *thread = &process->threads[number];
	struct event *event = &thread->event;

	*event = (struct event) { .enter = process->head, .tid = number + 1, .call = call };
	thread->stage = ENTERED;
	thread->to_count = 0;
	if (call == CALL_MMAP) {
		thread->count = 0;
		event->args[1] = (1 + pick(process, MOST_PAGES)) * PAGE;
		event->args[2] = 1 + 2 * pick(process, 2);
		event->args[3] = 0x22;
		return;
	}
	take_in_hand(process, number, call == CALL_MREMAP);
	set_busy(process, thread->from, thread->count, true);
	event->args[0] = thread->from * PAGE;
	event->args[1] = thread->count * PAGE;
	if (call == CALL_MPROTECT)
		event->args[2] = pick(process, 4);
	if (call == CALL_MADVISE) { /* of anybody's, which changes nothing: but some are racy */
		set_busy(process, thread->from, thread->count, false);
		event->args[0] = pick(process, PAGES) / 64 * 64 * PAGE;
		event->args[1] = 512 * PAGE;
		event->args[2] = 4;
		thread->count = 0;
	}
	if (call == CALL_MREMAP) {
		event->args[2] = (1 + pick(process, MOST_PAGES)) * PAGE;
		event->args[3] = 1;
	}
}

static void place(struct process *process, uint32_t number, size_t count, uint8_t prot)
{
	struct thread *thread = &process->threads[number];

	thread->to = find_free(process, count);
	thread->to_count = count;
	fill(process, thread->to, count, (struct page) { (uint8_t)(number + 1), prot, true });
	thread->event.result = thread->to * PAGE;
}

/* The instant at which the kernel does it. */
static void act(struct process *process, uint32_t number)
{
	struct thread *thread = &process->threads[number];
	struct page *page = &process->pages[thread->from];
	struct event *event = &thread->event;
	uint8_t prot = page->prot;
	size_t want = event->args[2] / PAGE;

	thread->stage = ACTED;
	if (event->call == CALL_MMAP) {
		place(process, number, event->args[1] / PAGE, (uint8_t)event->args[2]);
	} else if (event->call == CALL_MUNMAP) {
		fill(process, thread->from, thread->count, (struct page) { 0 });
		thread->count = 0;
	} else if (event->call == CALL_MPROTECT) {
		for (size_t i = 0; i < thread->count; i++)
			page[i].prot = (uint8_t)event->args[2];
	} else if (event->call == CALL_MREMAP && want <= thread->count) {
		fill(process, thread->from + want, thread->count - want, (struct page) { 0 });
		thread->count = want;
		event->result = event->args[0];
	} else if (event->call == CALL_MREMAP) {
		place(process, number, want, prot); /* what it moves from is not free yet */
		fill(process, thread->from, thread->count, (struct page) { 0 });
		thread->count = 0;
	}
}

static void leave(struct process *process, uint32_t number)
{
	struct thread *thread = &process->threads[number];
	struct event *event = &thread->event;

	event->exit = event->seq = process->head++;
	set_busy(process, thread->from, thread->count, false);
	set_busy(process, thread->to, thread->to_count, false);
	if (event->exit - event->enter > process->window)
		process->window = event->exit - event->enter;
	assert_in_range(process->count, 0, EVENTS - 1);
	process->events[process->count++] = *event;
	thread->stage = IDLE;
}

static void step(struct process *process, uint32_t number, bool begins)
{
	static const uint16_t calls[] = { CALL_MMAP,     CALL_MMAP,     CALL_MUNMAP, CALL_MPROTECT,
		                          CALL_MPROTECT, CALL_MADVISE,  CALL_MREMAP, CALL_MREMAP,
		                          CALL_MPROTECT, CALL_MPROTECT, CALL_MUNMAP };

	switch (process->threads[number].stage) {
	case IDLE:
		if (begins)
			enter(process, number,
			      calls[pick(process, sizeof(calls) / sizeof(*calls))]);
		return;
	case ENTERED:
		act(process, number);
		return;
	case ACTED:
		leave(process, number);
		return;
	}
}

/* All threads but the slow one, until the head is there. */
static void run_to(struct process *process, uint64_t head)
{
	while (process->head < head)
		step(process, 1 + (uint32_t)pick(process, THREADS - 1), true);
}

static bool same_row(const struct page *low, const struct page *high)
{
	return low->owner && high->owner && low->prot == high->prot;
}

static void copy_rows(const struct process *process, struct snapshot *snapshot)
{
	struct vma_row *rows = calloc(PAGES, sizeof(*rows));
	size_t count = 0;

	assert_non_null(rows);
	for (size_t i = 0; i < PAGES; i++) {
		const struct page *page = &process->pages[i];

		if (!page->owner)
			continue;
		if (!i || !same_row(page - 1, page))
			rows[count++] = (struct vma_row) { .start = i * PAGE,
				                           .prot = page->prot,
				                           .name = "" };
		rows[count - 1].end = (i + 1) * PAGE;
	}
	snapshot->rows = rows;
	snapshot->row_count = count;
}

/*
 * While the list is read, a call of the slow thread enters and is done; that it was, a reader learns HOLD events later.
 */
static void read_slowly(struct process *process, struct snapshot *snapshot)
{
	uint64_t entered;

	snapshot->begin = process->head;
	snapshot->tid = READER;
	run_to(process, snapshot->begin + READ / 2);
	enter(process, SLOW, CALL_MUNMAP);
	entered = process->head;
	act(process, SLOW);
	run_to(process, entered + READ / 4);
	copy_rows(process, snapshot);
	run_to(process, entered + READ / 2);
	snapshot->end = process->head;
	run_to(process, entered + HOLD);
	leave(process, SLOW);
}

static void simulate(struct process *process)
{
	process->random = 88172645463325252;
	for (size_t i = 0; i < BASE_ROWS; i++)
		fill(process, 2 * i * ROW_PAGES, ROW_PAGES,
		     (struct page) { (uint8_t)(1 + i % THREADS), 3, false });
	copy_rows(process, &process->snapshots[0]);
	for (uint32_t i = 1; i < SNAPSHOTS; i++) {
		run_to(process, process->head + BETWEEN);
		process->snapshots[i].id = i;
		read_slowly(process, &process->snapshots[i]);
	}
	run_to(process, process->head + BETWEEN);
	for (uint32_t i = 0; i < THREADS; i++) {
		while (process->threads[i].stage != IDLE)
			step(process, i, false);
	}
	assert_int_equal(process->window, HOLD);
}

/* --- what is told ------------------------------------------------------------------------------------- */

struct told {
	const struct process *process;
	size_t next;
	uint64_t (*lines)[WORDS];
	size_t count;
	size_t room;
	uint64_t fewest; /* VMAs */
};

static bool next_event(void *self, struct event *event)
{
	struct told *told = self;

	if (told->next == told->process->count)
		return false;
	*event = told->process->events[told->next++];
	return true;
}

static uint64_t *tell(struct told *told, char what)
{
	if (told->count == told->room) {
		told->room = 2 * told->room + 1024;
		told->lines = reallocarray(told->lines, told->room, sizeof(*told->lines));
		assert_non_null(told->lines);
	}
	memset(told->lines[told->count], 0, sizeof(*told->lines));
	told->lines[told->count][0] = (uint64_t)what;
	return &told->lines[told->count++][1];
}

static bool before(void *context, const struct walk *walk, const struct event *event)
{
	(void)walk;
	tell(context, 'b')[0] = event->seq;
	return true;
}

static bool after(void *context, const struct walk *walk, const struct event *event)
{
	uint64_t *words = tell(context, 'a');

	words[0] = event->seq;
	words[1] = event->racy;
	words[2] = walk_totals(walk)->impossible;
	words[3] = vma_map_bytes(walk_map(walk));
	return true;
}

static void change(void *context, const struct vma_change *seen)
{
	const uint64_t words[WORDS - 1] = {
		seen->kind,
		seen->cause,
		seen->start,
		seen->end,
		(uint64_t)seen->prot_before << 8 | seen->prot_after,
		(uint64_t)seen->mapped_before << 1 | seen->mapped_after,
		seen->old_start,
		seen->made_by,
		seen->event->seq,
		seen->mapped_bytes,
		seen->vma_count,
	};
	struct told *told = context;

	memcpy(tell(told, 'c'), words, sizeof(words));
	if (seen->vma_count < told->fewest)
		told->fewest = seen->vma_count;
}

static void checkpoint(void *context, const struct walk *walk, const struct checkpoint *seen)
{
	uint64_t *words = tell(context, 's');

	assert_true(vma_map_check(walk_map(walk)));
	words[0] = seen->snapshot->id;
	words[1] = seen->matched;
	words[2] = seen->implicit_changes;
	words[3] = seen->unexplained;
	words[4] = seen->racy;
}

static struct walk *replay(struct told *told, uint32_t ahead)
{
	const struct process *process = told->process;
	const struct walk_observer observer = { told, before, change, after, checkpoint };
	const struct walk_input input = {
		.events = { next_event, told },
		.snapshots = process->snapshots,
		.snapshot_count = SNAPSHOTS,
		.window = process->window,
		.ahead = ahead,
		.page_bytes = PAGE,
	};
	struct walk *walk = walk_new(&input);

	assert_non_null(walk);
	told->fewest = UINT64_MAX;
	assert_int_equal(walk_run(walk, &observer), WALK_DONE);
	return walk;
}

/* --- the tests ---------------------------------------------------------------------------------------- */

static void assert_true_of(const struct process *process, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);
	const struct walk_totals *totals = walk_totals(walk);

	assert_true(vma_map_check(map));
	for (size_t i = 0; i < PAGES; i++) {
		const struct vma_run *run = vma_map_at(map, i * PAGE);
		bool mapped = run && run->start <= i * PAGE;

		assert_int_equal(mapped, process->pages[i].owner != 0);
		assert_true(!mapped || run->prot == process->pages[i].prot);
	}
	assert_int_equal(totals->events, process->count);
	assert_int_equal(totals->checkpoints, SNAPSHOTS - 1);
	assert_int_equal(totals->matched, SNAPSHOTS - 1);
	assert_int_equal(totals->implicit_changes, 0);
	assert_int_equal(totals->unexplained_vmas, 0);
	assert_int_equal(totals->impossible, 0);
	assert_true(totals->racy > 0);
}

static void assert_same_rows(const struct walk *left, const struct walk *right)
{
	struct vma_row_info *rows[2];
	size_t counts[2];

	for (size_t i = 0; i < 2; i++) {
		rows[i] = calloc(PAGES, sizeof(*rows[i]));
		assert_non_null(rows[i]);
		counts[i] = walk_extents(i ? right : left, rows[i], PAGES);
	}
	assert_int_equal(counts[0], counts[1]);
	for (size_t i = 0; i < counts[0]; i++) {
		assert_int_equal(rows[0][i].row.start, rows[1][i].row.start);
		assert_int_equal(rows[0][i].row.end, rows[1][i].row.end);
		assert_int_equal(rows[0][i].row.prot, rows[1][i].row.prot);
		assert_int_equal(rows[0][i].created_by, rows[1][i].created_by);
		assert_int_equal(rows[0][i].changed_by, rows[1][i].changed_by);
	}
	free(rows[0]);
	free(rows[1]);
}

static void reading_ahead_changes_nothing(void **state)
{
	static const uint32_t aheads[] = { 1, 16, 1000 };
	struct process *process = calloc(1, sizeof(*process));
	struct told plain = { .process = process };
	struct walk *walk;

	(void)state;
	assert_non_null(process);
	simulate(process);
	walk = replay(&plain, 0);
	assert_true_of(process, walk);
	assert_true(plain.fewest > LARGE_BLOCKS * BLOCK_RUNS); /* which more runs than rows take */
	for (size_t i = 0; i < sizeof(aheads) / sizeof(*aheads); i++) {
		struct told told = { .process = process };
		struct walk *ahead = replay(&told, aheads[i]);

		assert_true_of(process, ahead);
		assert_int_equal(told.count, plain.count);
		for (size_t j = 0; j < told.count; j++)
			assert_memory_equal(told.lines[j], plain.lines[j], sizeof(*told.lines));
		assert_same_rows(walk, ahead);
		assert_memory_equal(walk_totals(walk), walk_totals(ahead),
		                    sizeof(struct walk_totals));
		walk_free(ahead);
		free(told.lines);
	}
	walk_free(walk);
	free(plain.lines);
	for (size_t i = 0; i < SNAPSHOTS; i++)
		free((void *)process->snapshots[i].rows);
	free(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_ahead_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
