/*
 * differential: random calls on the live kernel, replayed, compared after each one. Nothing is loosened: one
 * page that differs, in one attribute, ends the test.
 *
 *     differential [CALLS [SEED]]        VMATRACE_FULL=1: 100,000 calls unless CALLS says otherwise
 *
 * It is one walk through one trace, as the analyzer does it, whose source makes the next call when the order
 * asks for it.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/call_table.h"
#include "core/walk.h"
#include "differential.h"

enum {
	QUICK_CALLS = 20000,
	FULL_CALLS = 120000,
	KIND_LIMIT = 64,
	HEAP_BYTES = 64 << 20,
	STACK_BYTES = 1 << 20,
};

struct test {
	struct places places;
	uint64_t calls;
	uint64_t made;
	const struct call_kind *kinds[KIND_LIMIT];
	size_t kind_count;
	unsigned weight;
	size_t kind;          /* of the call under way */
	size_t cleaning_kind; /* the one that unmaps strays */
	uint64_t succeeded[KIND_LIMIT];
	uint64_t failed[KIND_LIMIT];
	struct event event;
	struct maps kernel;
	struct vma_row_info infos[ROW_LIMIT];
	struct vma_row model[ROW_LIMIT];
	uint64_t rows_seen;
	uint64_t rows_joined;
	bool differs;
};

/* --- the source --------------------------------------------------------------------------------------- */

static bool make_call(void *self, struct event *event)
{
	struct test *test = self;
	uint64_t draw;
	size_t kind = 0;

	if (test->made == test->calls)
		return false;
	draw = pick(&test->places, test->weight);
	while (draw >= test->kinds[kind]->weight)
		draw -= test->kinds[kind++]->weight;
	if (test->places.stray_count > STRAY_LIMIT / 2 ||
	    (test->kinds[kind]->ready && !test->kinds[kind]->ready(&test->places)))
		kind = test->cleaning_kind;
	test->kind = kind;
	*event = (struct event) { .seq = test->made, .enter = test->made, .exit = test->made };
	test->made++;
	test->kinds[kind]->make(&test->places, event);
	/* The kernel may refuse a break and libc say success: that is a failure as the program sees it. */
	if (event->failed || (event->call == CALL_BRK && event->result != event->args[0]))
		test->failed[kind]++;
	else
		test->succeeded[kind]++;
	return true;
}

/* --- the comparison ----------------------------------------------------------------------------------- */

static void describe(const struct test *test, const struct event *event)
{
	const struct call_desc *desc = call_describe(event->call);

	printf("differs after call %lu, kind \"%s\": %s(", event->seq,
	       test->kinds[test->kind]->name, desc->name);
	for (size_t i = 0; i < 6; i++)
		printf("%s%lx", i ? ", " : "", event->args[i]);
	printf(") = %lx %s\n", event->result, event->failed ? strerror(event->error) : "");
	for (size_t i = 0; i < event->row_count; i++)
		printf("  row of the event: %lx-%lx prot %d %s\n", event->rows[i].start,
		       event->rows[i].end, event->rows[i].prot, event->rows[i].name);
}

static bool compare(void *context, const struct walk *walk, const struct event *event)
{
	struct test *test = context;
	size_t model_count = walk_rows(walk, test->infos, ROW_LIMIT);
	size_t kernel_count;

	maps_read(&test->kernel);
	for (size_t i = 0; i < model_count; i++)
		test->model[i] = test->infos[i].row;
	model_count = rows_join(test->model, model_count);
	kernel_count = rows_join(test->kernel.rows, test->kernel.count);
	test->rows_seen += test->kernel.count;
	test->rows_joined += kernel_count;
	if (!vma_map_check(walk_map(walk)) || walk_totals(walk)->impossible ||
	    !rows_equal(test->model, model_count, test->kernel.rows, kernel_count)) {
		test->differs = true;
		printf("impossible: %lu, map %s\n", walk_totals(walk)->impossible,
		       vma_map_check(walk_map(walk)) ? "sound" : "broken");
		describe(test, event);
	}
	return !test->differs;
}

/* --- the process -------------------------------------------------------------------------------------- */

static void add_kinds(struct test *test, const struct call_kind *kinds)
{
	for (; kinds->name; kinds++) {
		if (kinds->make == unmap_stray)
			test->cleaning_kind = test->kind_count;
		test->kinds[test->kind_count++] = kinds;
		test->weight += kinds->weight;
	}
}

/* From here on malloc asks the kernel for nothing, and the stack does not grow. */
static void hold_still(void)
{
	volatile char stack[STACK_BYTES];
	void *volatile heap; /* volatile: not to be optimised away */

	for (size_t i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 0;
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	heap = malloc(HEAP_BYTES);
	free(heap);
}

/* Field `number` of /proc/self/stat, counted from 1 as proc(5) does. */
static uint64_t stat_field(int number)
{
	char text[1024];
	FILE *file = fopen("/proc/self/stat", "re");
	char *at;

	if (!file || !fgets(text, sizeof(text), file))
		exit(2);
	fclose(file);
	at = strrchr(text, ')') + 1;
	for (int field = 3; field < number; field++)
		at = strchr(at + 1, ' ');
	return strtoull(at, NULL, 10);
}

static bool print_counts(const struct test *test)
{
	bool enough = true;

	printf("%-26s %9s %9s\n", "kind of call", "succeeded", "failed");
	for (size_t i = 0; i < test->kind_count; i++) {
		uint64_t total = test->succeeded[i] + test->failed[i];
		bool both = test->succeeded[i] * 100 >= total && test->failed[i] * 100 >= total;

		printf("%-26s %9lu %9lu%s\n", test->kinds[i]->name, test->succeeded[i],
		       test->failed[i], both ? "" : "  less than 1 %");
		enough = enough && (both || total < 100);
	}
	return enough;
}

static enum walk_status run(struct test *test)
{
	static struct maps base_maps;
	struct snapshot base = { .rows = base_maps.rows };
	struct walk_input input = {
		.events = { make_call, test },
		.snapshots = &base,
		.snapshot_count = 1,
		.start_brk = stat_field(47),
		.start_stack = stat_field(28),
		.page_bytes = PAGE,
	};
	struct walk_observer observer = { .context = test, .after = compare };
	struct walk *walk = walk_new(&input);
	enum walk_status status;

	maps_read(&base_maps);
	base.row_count = base_maps.count;
	base.brk = (uint64_t)sbrk(0);
	status = walk_run(walk, &observer);
	walk_free(walk);
	return status;
}

int main(int argc, char **argv)
{
	static struct test test;
	static char out[1 << 16];
	struct timespec now;
	uint64_t seed;
	enum walk_status status;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)(now.tv_sec ^ now.tv_nsec);
	test.calls = argc > 1                  ? strtoull(argv[1], NULL, 0)
	             : getenv("VMATRACE_FULL") ? FULL_CALLS
	                                       : QUICK_CALLS;
	setvbuf(stdout, out, _IOLBF, sizeof(out));
	printf("seed %lu, %lu calls\n", seed, test.calls);
	stat_field(28); /* stdio's own memory comes before the heap is held still */
	add_kinds(&test, map_kinds);
	add_kinds(&test, page_kinds);
	add_kinds(&test, move_kinds);
	add_kinds(&test, shm_kinds);
	hold_still();
	places_init(&test.places, seed);
	status = run(&test);
	places_release(&test.places);
	if (test.differs || status != WALK_DONE) {
		printf("seed %lu: model and kernel differ (walk status %d)\n", seed, status);
		return 1;
	}
	printf("no difference; %lu rows compared, %lu of the kernel's\n", test.rows_joined,
	       test.rows_seen);
	return print_counts(&test) ? 0 : 1;
}
