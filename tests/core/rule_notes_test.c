/*
 * rule_notes_test: between the walk and the judging: what a rule noted of the map is all there when it is judged, and
 * it is judged before anyone needs to know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "rule_scene.h"

/* --- what a note carries to where it is judged ---------------------------------------------------------- */

/* One call over parts of two VMAs, each of which goes on outside it; and one inside a VMA. */
static void executed_as_far_as_the_call(void **state)
{
	const struct policy_rule rule = { .rule = &rule_write_then_exec, .level = LEVEL_ERROR };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 4, 3, 0), scene_map(1, 1, 0x104000, 4, 3, 0),
	         scene_call(2, CALL_MPROTECT, 1, 0x104000, 4 * PAGE, 1, 0),
	         scene_call(3, CALL_MPROTECT, 2, 0x103000, 3 * PAGE, 5, 0),
	         scene_map(4, 1, 0x200000, 4, 3, 0),
	         scene_call(5, CALL_MPROTECT, 3, 0x201000, 2 * PAGE, 5, 0));
	const struct finding *over_two, *inside;

	(void)state;
	assert_int_equal(findings->count, 2);
	over_two = findings->items[findings->items[0]->event.seq != 3];
	inside = findings->items[findings->items[0]->event.seq == 3];
	assert_int_equal(over_two->event.seq, 3);
	assert_int_equal(over_two->count, 1);
	assert_int_equal(over_two->amount, 3 * PAGE);
	assert_int_equal(over_two->start, 0x103000);
	assert_int_equal(over_two->end, 0x104000);
	assert_int_equal(over_two->prot, 5);
	assert_int_equal(inside->count, 1);
	assert_int_equal(inside->amount, 2 * PAGE);
	assert_int_equal(inside->start, 0x201000);
	assert_int_equal(inside->end, 0x203000);
	rules_free(rules);
}

static struct event map_memfd(uint64_t seq, uint64_t caller, uint64_t at, uint64_t pages,
                              uint64_t prot, uint64_t offset)
{
	struct event event = scene_map(seq, caller, at, pages, prot, 0);

	event.args[3] = MAP_SHARED;
	event.args[4] = 3;
	event.args[5] = offset;
	event.has_object = true;
	event.dev_minor = 1;
	event.inode = 7;
	event.text = "/memfd:code (deleted)";
	return event;
}

static void wx_by_two_mappings(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	FINDINGS(rule, map_memfd(0, 1, 0x100000, 4, 3, 0),
	         map_memfd(1, 2, 0x200000, 4, 5, 3 * PAGE)); /* one page is that of both */
	const struct finding *two;

	(void)state;
	assert_int_equal(findings->count, 1);
	two = findings->items[0];
	assert_int_equal(two->event.seq, 1);
	assert_int_equal(two->count, 1);
	assert_int_equal(two->amount, PAGE);
	assert_int_equal(two->start, 0x200000);
	assert_int_equal(two->end, 0x204000);
	assert_true(two->shared);
	assert_string_equal(two->name, "/memfd:code (deleted)");
	assert_string_equal(two->note, " through two mappings, the other by mmap at f1 (app)");
	rules_free(rules);
}

static void leaks_are_counted(void **state)
{
	const struct policy_rule rule = { .rule = &rule_leaked_mapping, .level = LEVEL_ERROR };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 1, 3, 0), scene_map(1, 1, 0x200000, 2, 3, 0),
	         scene_map(2, 1, 0x300000, 3, 3, 0));
	const struct finding *leak;

	(void)state;
	assert_int_equal(findings->count, 1);
	leak = findings->items[0];
	assert_int_equal(leak->count, 3);
	assert_int_equal(leak->amount, 6 * PAGE);
	assert_int_equal(leak->start, 0x100000);
	assert_int_equal(leak->end, 0x101000);
	rules_free(rules);
}

/* --- when is judged what was noted ---------------------------------------------------------------------- */

/* A rule of the test's own, which holds the rules' driver to what it promises them. */
struct promised {
	size_t noted;
	size_t over;
	size_t to_note;
	size_t to_be_over;
};

static void promised_before(struct rule_run *run, const struct walk *walk,
                            const struct event *event)
{
	struct promised *promised = run->state;

	(void)walk;
	promised->to_note++;
	rule_note(run, event, &(const struct rule_note) { .start = event->seq });
}

static void promised_noted(struct rule_run *run, const struct event *event,
                           const struct rule_note *note)
{
	struct promised *promised = run->state;

	assert_int_equal(event->seq, promised->noted++);
	assert_int_equal(note->start, event->seq);
}

static void promised_after(struct rule_run *run, const struct event *event)
{
	struct promised *promised = run->state;

	assert_int_equal(event->seq, promised->over++);
	assert_int_equal(promised->noted, promised->over);
}

static void promised_passed(struct rule_run *run, const struct walk *walk)
{
	struct promised *promised = run->state;

	(void)walk;
	promised->to_be_over++;
	/* Now and then, that there may be several to catch up with. */
	if (promised->to_be_over % 3 != 0)
		return;
	rule_catch_up(run);
	assert_int_equal(promised->over, promised->to_be_over);
}

static void promised_checkpoint(struct rule_run *run, const struct walk *walk,
                                const struct checkpoint *checkpoint)
{
	const struct promised *promised = run->state;

	(void)walk;
	assert_int_equal(promised->noted, promised->to_note);
	assert_int_equal(promised->over, promised->to_be_over);
	if (!checkpoint->is_base)
		rule_report(run, NULL, "checkpoint");
}

static void promised_end(struct rule_run *run, const struct walk *walk)
{
	const struct promised *promised = run->state;

	promised_checkpoint(run, walk, &(const struct checkpoint) { 0 });
	assert_int_equal(promised->over, 5);
}

static void judged_before_it_is_needed(void **state)
{
	static const struct rule promised = {
		.name = "promised",
		.state_bytes = sizeof(struct promised),
		.before = promised_before,
		.passed = promised_passed,
		.noted = promised_noted,
		.after = promised_after,
		.checkpoint = promised_checkpoint,
		.process_end = promised_end,
	};
	const struct policy_rule rule = { .rule = &promised, .level = LEVEL_ERROR };
	const struct vma_row row = {
		.start = BASE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = ""
	};
	const struct snapshot snapshots[] = {
		{ .id = 0, .rows = &row, .row_count = 1 },
		{ .id = 1, .begin = 2, .end = 2, .rows = &row, .row_count = 1 },
	};
	const struct scene_setting setting = { .snapshots = snapshots, .snapshot_count = 2 };
	FINDINGS_IN(rule, &setting, scene_call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
	            scene_call(1, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
	            scene_call(2, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
	            scene_call(3, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
	            scene_call(4, CALL_MPROTECT, 1, BASE, PAGE, 1, 0));

	(void)state;
	/* At the second snapshot and at the end. */
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->count, 2);
	rules_free(rules);
}

/* Each event is taken note of for the baseline: a limit that is passed must wait for those before it. */
static void limits_beside_a_baseline(void **state)
{
	const struct policy_rule rule = { .rule = &rule_max_mapped,
		                          .level = LEVEL_ERROR,
		                          .settings = { .limit = 8 * PAGE } };
	struct baseline baseline = { 0 };
	const struct scene_setting setting = { .baseline = &baseline };
	FINDINGS_IN(rule, &setting, scene_map(0, 1, 0x100000, 1, 3, 0),
	            scene_map(1, 2, 0x200000, 4, 3, 0), scene_map(2, 1, 0x300000, 1, 3, 0));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->event.caller, 2);
	assert_int_equal(findings->items[0]->amount, 10 * PAGE);
	rules_free(rules);
	baseline_release(&baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executed_as_far_as_the_call),
		cmocka_unit_test(wx_by_two_mappings),
		cmocka_unit_test(leaks_are_counted),
		cmocka_unit_test(judged_before_it_is_needed),
		cmocka_unit_test(limits_beside_a_baseline),
	};

	return SCENES_JUDGED_BOTH_WAYS(tests);
}
