/*
 * run: one replay script through the walk, its expectations held against what the walk shows and tells.
 *
 *     replay_script SCRIPT...        0 all hold, 1 one does not, 2 not a script
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/walk.h"
#include "script.h"

struct run {
	struct script script;
	size_t next_event;
	struct vma_change change; /* the last one told of the event under way */
	bool changed;
	enum implicit_cause cause; /* of the first implicit change of the snapshot under way */
	size_t failures;
	struct vma_row_info infos[ROW_LIMIT];
	struct vma_row model[ROW_LIMIT];
	struct vma_row expected[ROW_LIMIT];
};

static void complain(struct run *run, const struct check *check, const char *what)
{
	printf("%s:%d: %s\n", run->script.path, check->line, what);
	run->failures++;
}

/* What is looked at when an expectation's moment has come. */
struct moment {
	const struct walk *walk;
	const struct checkpoint *checkpoint; /* NULL after a call */
};

typedef void expect_fn(struct run *run, const struct check *check, const struct moment *moment);

/* --- lists -------------------------------------------------------------------------------------------- */

static size_t join(struct vma_row *rows, size_t count)
{
	size_t joined = 0;

	for (size_t i = 0; i < count; i++) {
		if (joined && vma_rows_join(&rows[joined - 1], &rows[i]))
			rows[joined - 1].end = rows[i].end;
		else
			rows[joined++] = rows[i];
	}
	return joined;
}

static const char *stripped(const char *name)
{
	return strcmp(name, "[heap]") == 0 || strcmp(name, "[stack]") == 0 ? "" : name;
}

static bool same_row(const struct vma_row *a, const struct vma_row *b, bool labels)
{
	return a->start == b->start && a->end == b->end && a->prot == b->prot &&
	       a->shared == b->shared && a->offset == b->offset && a->inode == b->inode &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       (labels ? strcmp(a->name, b->name) : strcmp(stripped(a->name), stripped(b->name))) ==
	               0;
}

static void print_rows(const char *whose, const struct vma_row *rows, size_t count)
{
	printf("  %s:", whose);
	for (size_t i = 0; i < count; i++)
		printf(" %lx-%lx:%c%c%c%s:%s+%lx", rows[i].start, rows[i].end,
		       rows[i].prot & 1 ? 'r' : '-', rows[i].prot & 2 ? 'w' : '-',
		       rows[i].prot & 4 ? 'x' : '-', rows[i].shared ? "s" : "", rows[i].name,
		       rows[i].offset);
	printf("\n");
}

static void expect_rows(struct run *run, const struct check *check, const struct moment *moment)
{
	bool labels = check->kind == CHECK_LABELS;
	size_t count = walk_rows(moment->walk, run->infos, ROW_LIMIT);
	size_t expected_count = check->row_count;
	bool same;

	for (size_t i = 0; i < count; i++)
		run->model[i] = run->infos[i].row;
	memcpy(run->expected, check->rows, expected_count * sizeof(*run->expected));
	if (!labels) {
		count = join(run->model, count);
		expected_count = join(run->expected, expected_count);
	}
	same = count == expected_count;
	for (size_t i = 0; same && i < count; i++)
		same = same_row(&run->model[i], &run->expected[i], labels);
	if (same)
		return;
	complain(run, check, "another list is expected");
	print_rows("expected", run->expected, expected_count);
	print_rows("is      ", run->model, count);
}

/* --- the other expectations --------------------------------------------------------------------------- */

static void expect_change(struct run *run, const struct check *check, const struct moment *moment)
{
	const char *kind = run->changed ? change_kind_name(run->change.kind) : "none";
	char what[160];

	(void)moment;
	if (strcmp(kind, check->text) == 0 &&
	    (!check->end || (run->change.start == check->start && run->change.end == check->end)))
		return;
	snprintf(what, sizeof(what), "the change is %s %lx-%lx", kind, run->change.start,
	         run->change.end);
	complain(run, check, what);
}

static void expect_checkpoint(struct run *run, const struct check *check,
                              const struct moment *moment)
{
	const struct checkpoint *checkpoint = moment->checkpoint;
	const char *word = check->text;
	bool holds;

	if (!checkpoint) {
		complain(run, check, "no snapshot is above");
		return;
	}
	if (strcmp(word, "matched") == 0)
		holds = checkpoint->matched && !checkpoint->implicit_changes && !checkpoint->racy;
	else if (strcmp(word, "unexplained") == 0)
		holds = checkpoint->unexplained == check->number &&
		        checkpoint->matched == !check->number;
	else if (strcmp(word, "implicit") == 0)
		holds = checkpoint->implicit_changes == check->number;
	else
		holds = strcmp(word, "racy") == 0 && checkpoint->racy == check->number;
	if (!holds) {
		complain(run, check, "the snapshot compares otherwise");
		printf("  implicit %u, unexplained %u, racy %u\n", checkpoint->implicit_changes,
		       checkpoint->unexplained, checkpoint->racy);
	}
}

static void expect_cause(struct run *run, const struct check *check, const struct moment *moment)
{
	const char *cause = implicit_cause_name(run->cause);

	(void)moment;
	if (strcmp(cause, check->text) != 0)
		complain(run, check, cause);
}

static uint64_t count_of(const struct walk *walk)
{
	return vma_map_count(walk_map(walk));
}

static uint64_t bytes_of(const struct walk *walk)
{
	return vma_map_bytes(walk_map(walk));
}

static uint64_t impossible_of(const struct walk *walk)
{
	return walk_totals(walk)->impossible;
}

static uint64_t racy_of(const struct walk *walk)
{
	return walk_totals(walk)->racy;
}

static uint64_t in_flight_of(const struct walk *walk)
{
	return walk_totals(walk)->in_flight;
}

/* Each expectation is a function, or a number of the walk. */
static const struct {
	expect_fn *expect;
	uint64_t (*number)(const struct walk *walk);
} expectations[] = {
	[CHECK_MAPS] = { expect_rows, NULL },
	[CHECK_LABELS] = { expect_rows, NULL },
	[CHECK_CHANGE] = { expect_change, NULL },
	[CHECK_CHECKPOINT] = { expect_checkpoint, NULL },
	[CHECK_CAUSE] = { expect_cause, NULL },
	[CHECK_BRK] = { NULL, walk_brk },
	[CHECK_COUNT] = { NULL, count_of },
	[CHECK_BYTES] = { NULL, bytes_of },
	[CHECK_IMPOSSIBLE] = { NULL, impossible_of },
	[CHECK_RACY] = { NULL, racy_of },
	[CHECK_IN_FLIGHT] = { NULL, in_flight_of },
};

static void expect(struct run *run, const struct check *check, const struct moment *moment)
{
	char what[96];
	uint64_t value;

	if (expectations[check->kind].expect) {
		expectations[check->kind].expect(run, check, moment);
		return;
	}
	value = expectations[check->kind].number(moment->walk);
	if (value == check->number)
		return;
	snprintf(what, sizeof(what), "expected %lx, is %lx", check->number, value);
	complain(run, check, what);
}

static void expect_all(struct run *run, const struct moment *moment, enum check_when when,
                       uint64_t after)
{
	for (size_t i = 0; i < run->script.check_count; i++) {
		struct check *check = &run->script.checks[i];

		if (check->when == when && check->after == after && check->line > 0) {
			expect(run, check, moment);
			check->line = -check->line; /* done */
		}
	}
	if (!vma_map_check(walk_map(moment->walk))) {
		printf("%s: the map is broken\n", run->script.path);
		run->failures++;
	}
}

/* --- the walk ----------------------------------------------------------------------------------------- */

static bool next_event(void *self, struct event *event)
{
	struct run *run = self;

	if (run->next_event == run->script.event_count)
		return false;
	*event = run->script.events[run->next_event++];
	return true;
}

static void on_change(void *context, const struct vma_change *change)
{
	struct run *run = context;

	if (change->kind == CHANGE_IMPLICIT && run->cause == CAUSE_NONE)
		run->cause = change->cause;
	run->change = *change;
	run->changed = true;
}

static bool on_event(void *context, const struct walk *walk, const struct event *event)
{
	struct run *run = context;

	expect_all(run, &(struct moment) { walk, NULL }, AFTER_EVENT, event->seq);
	run->changed = false;
	return true;
}

static void on_checkpoint(void *context, const struct walk *walk,
                          const struct checkpoint *checkpoint)
{
	struct run *run = context;

	expect_all(run, &(struct moment) { walk, checkpoint }, AFTER_SNAPSHOT,
	           checkpoint->snapshot->id);
	run->cause = CAUSE_NONE;
	run->changed = false;
}

static int by_exit(const void *a, const void *b)
{
	const struct event *one = a;
	const struct event *other = b;

	return one->seq < other->seq ? -1 : one->seq > other->seq;
}

static void run_script(struct run *run, const char *path)
{
	struct script *script = &run->script;
	struct walk_input input = {
		.events = { next_event, run },
		.snapshots = script->snapshots,
		.page_bytes = PAGE,
	};
	const struct walk_observer observer = { run, NULL, on_change, on_event, on_checkpoint };
	struct walk *walk;

	script_read(script, path);
	qsort(script->events, script->event_count, sizeof(*script->events), by_exit);
	input.snapshot_count = script->snapshot_count;
	input.window = script->window;
	input.start_brk = script->start_brk;
	input.start_stack = script->start_stack;
	walk = walk_new(&input);
	if (!walk || walk_run(walk, &observer) != WALK_DONE)
		script_fail(script, 0, "the walk did not end", NULL);
	expect_all(run, &(struct moment) { walk, NULL }, AT_END, 0);
	walk_free(walk);
	for (size_t i = 0; i < script->check_count; i++) {
		if (script->checks[i].line > 0)
			complain(run, &script->checks[i], "nothing reached this");
	}
	if (!script->check_count)
		script_fail(script, script->line, "expects nothing", NULL);
}

int main(int argc, char **argv)
{
	static struct run run;
	size_t failures = 0;

	for (int i = 1; i < argc; i++) {
		memset(&run, 0, sizeof(run));
		run_script(&run, argv[i]);
		failures += run.failures;
	}
	return failures ? 1 : 0;
}
