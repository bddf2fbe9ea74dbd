/*
 * rules_test: rules held against walks of a few made-up events (rule_scene.h): what only a row of the table can
 * know.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "rule_scene.h"
#include "vmatrace/trace_format.h"

static void wx_by_whatever_way(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 2, 7, 0), scene_map(1, 2, 0x200000, 2, 3, 0),
	         scene_call(2, CALL_MPROTECT, 3, 0x200000, PAGE, 7, 0),
	         scene_call(3, CALL_MPROTECT, 3, 0x201000, PAGE, 7, 0), /* the same site */
	         scene_map(4, 4, 0x300000, 2, 5, 0));

	(void)state;
	assert_int_equal(findings->count, 2);
	assert_int_equal(findings->items[0]->count + findings->items[1]->count, 3);
	rules_free(rules);
}

static void written_moved_executed(void **state)
{
	const struct policy_rule rule = { .rule = &rule_write_then_exec, .level = LEVEL_ERROR };
	struct event move =
		scene_call(2, CALL_MREMAP, 1, 0x100000, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	struct event again = scene_map(5, 1, 0x400000, 1, 1, MAP_FIXED);

	move.result = 0x400000;
	{
		FINDINGS(rule, scene_map(0, 1, 0x100000, 2, 3, 0),
		         scene_call(1, CALL_MPROTECT, 1, 0x100000, 2 * PAGE, 1, 0), move,
		         scene_call(3, CALL_MPROTECT, 2, 0x401000, PAGE, 5, 0), /* found */
		         scene_call(4, CALL_MPROTECT, 3, BASE, PAGE, 5, 0),     /* never writable */
		         again,                                                 /* new pages */
		         scene_call(6, CALL_MPROTECT, 4, 0x400000, PAGE, 5, 0));

		(void)state;
		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 3);
		assert_int_equal(findings->items[0]->start, 0x401000);
		rules_free(rules);
	}
}

static void clobbers_of_others(void **state)
{
	const struct policy_rule rule = { .rule = &rule_fixed_clobber, .level = LEVEL_ERROR };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 4, 3, 0),
	         scene_map(1, 1, 0x100000, 1, 3, MAP_FIXED), /* its own */
	         scene_map(2, 2, 0x101000, 1, 3, MAP_FIXED), /* found */
	         scene_map(3, 2, 0x102000, 1, 0, MAP_FIXED), /* given back by the same module */
	         scene_map(4, 3, 0x102000, 1, 3, MAP_FIXED), /* into a reservation */
	         scene_map(5, 900, 0x200000, 2, 3, 0),
	         scene_map(6, 901, 0x200000, 1, 3, MAP_FIXED), /* the runtime among itself */
	         scene_map(7, 4, 0x201000, 1, 3, MAP_FIXED),   /* found: the runtime's */
	         scene_map(8, 4, BASE, 1, 3, MAP_FIXED));      /* found: from before recording */

	(void)state;
	/* @7 and @8 are of one call site. */
	assert_int_equal(findings->count, 2);
	assert_int_equal(findings->items[0]->event.seq, 7);
	assert_int_equal(findings->items[0]->count, 2);
	assert_int_equal(findings->items[1]->event.seq, 2);
	rules_free(rules);
}

static void limits_name_the_holder(void **state)
{
	const struct policy_rule rule = { .rule = &rule_max_mapped,
		                          .level = LEVEL_ERROR,
		                          .settings = { .limit = 20 * PAGE } };
	FINDINGS(rule, scene_map(0, 2, 0x100000, 5, 3, 0), scene_map(1, 1, 0x80000, 6, 3, 0),
	         scene_map(2, 2, 0x300000, 5, 3, 0), scene_map(3, 3, 0x400000, 1, 3, 0),
	         scene_call(4, CALL_MUNMAP, 2, 0x100000, 5 * PAGE, 0, 0));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->count, 1);
	/* Of site 2, which holds most: 10 pages in two mappings. @3 went over. */
	assert_int_equal(findings->items[0]->event.caller, 2);
	assert_int_equal(findings->items[0]->amount, 21 * PAGE);
	rules_free(rules);
}

static void limits_are_not_findings(void **state)
{
	const struct policy_rule rule = { .rule = &rule_max_vmas,
		                          .level = LEVEL_ERROR,
		                          .settings = { .limit = 2 } };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 12, 3, 0),
	         scene_call(1, CALL_MUNMAP, 2, 0x100000, 12 * PAGE, 0, 0),
	         scene_map(2, 1, 0x300000, 1, 3, 0));

	(void)state;
	assert_int_equal(findings->count, 0);
	rules_free(rules);
}

static void leaks_are_summed(void **state)
{
	const struct policy_rule rule = { .rule = &rule_leaked_mapping,
		                          .level = LEVEL_ERROR,
		                          .settings = { .at_least = 6 * PAGE } };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 4, 3, 0), scene_map(1, 1, 0x200000, 4, 3, 0),
	         scene_map(2, 2, 0x300000, 4, 3, 0),
	         scene_map(3, 900, 0x400000, 64, 3, 0), /* libc's own */
	         scene_call(4, CALL_MUNMAP, 3, 0x200000, 2 * PAGE, 0, 0));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->amount, 6 * PAGE);
	rules_free(rules);
}

static struct event shm(uint64_t seq, uint16_t id, const char *name, uint64_t flags, uint64_t mode)
{
	struct event event = scene_call(seq, id, 1 + seq, 0, flags, mode, 0);

	event.text = name;
	event.time_ns = seq * 1000;
	return event;
}

static void shm_is_unlinked_by_name(void **state)
{
	const struct policy_rule rule = { .rule = &rule_leaked_shm, .level = LEVEL_ERROR };
	FINDINGS(rule, shm(0, CALL_SHM_OPEN, "/a", O_CREAT, 0600),
	         shm(1, CALL_SHM_UNLINK, "a", 0, 0), shm(2, CALL_SHM_OPEN, "/b", O_CREAT, 0600),
	         shm(3, CALL_SHM_OPEN, "/c", 0, 0));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->event.seq, 2);
	assert_string_equal(findings->items[0]->note, "b");
	rules_free(rules);
}

static void nothing_is_left_by_who_runs(void **state)
{
	const struct scene_setting running = { .runs = true };
	const struct policy_rule leak = { .rule = &rule_leaked_mapping, .level = LEVEL_ERROR };
	const struct policy_rule object = { .rule = &rule_leaked_shm, .level = LEVEL_ERROR };

	(void)state;
	{
		FINDINGS_IN(leak, &running, scene_map(0, 1, 0x100000, 4, 3, 0));
		assert_int_equal(findings->count, 0);
		rules_free(rules);
	}
	{
		FINDINGS_IN(object, &running, shm(0, CALL_SHM_OPEN, "/a", O_CREAT, 0600));
		assert_int_equal(findings->count, 0);
		rules_free(rules);
	}
}

static void modes_beyond_the_policy(void **state)
{
	const struct policy_rule rule = { .rule = &rule_shm_mode,
		                          .level = LEVEL_ERROR,
		                          .settings = { .max_mode = 0640 } };
	FINDINGS(rule, shm(0, CALL_SHM_OPEN, "/a", O_CREAT, 0640),
	         shm(1, CALL_SHM_OPEN, "/b", O_CREAT, 0644), shm(2, CALL_SHM_OPEN, "/c", 0, 0777),
	         shm(3, CALL_SHM_OPEN, "/d", O_CREAT, 0400),
	         shm(4, CALL_SHM_OPEN, "/e", O_CREAT, 0604)); /* other bits, a smaller number */

	(void)state;
	assert_int_equal(findings->count, 2);
	assert_int_equal(findings->items[0]->event.seq, 1);
	assert_int_equal(findings->items[1]->event.seq, 4);
	rules_free(rules);
}

static void calls_forbidden_and_failed(void **state)
{
	const struct policy_rule forbidden = {
		.rule = &rule_forbidden_call,
		.level = LEVEL_ERROR,
		.settings = { .call = CALL_MPROTECT, .module = "app", .function = "f[12]" }
	};
	const struct policy_rule libc = { .rule = &rule_forbidden_call,
		                          .level = LEVEL_ERROR,
		                          .settings = { .call = CALL_MPROTECT, .module = "lib*" } };
	const struct policy_rule failed = { .rule = &rule_failed_call, .level = LEVEL_ERROR };
	struct event bad = scene_call(3, CALL_MUNMAP, 1, 1, PAGE, 0, 0);
	struct event exec = scene_call(4, CALL_EXECVE, 1, 0, 0, 0, 0);

	(void)state;
	bad.failed = exec.failed = true;
	bad.error = exec.error = EINVAL;
	{
		FINDINGS(forbidden, scene_call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
		         scene_call(1, CALL_MPROTECT, 3, BASE, PAGE, 1, 0),
		         scene_call(2, CALL_MPROTECT, RUNTIME + 1, BASE, PAGE, 1, 0), bad);

		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 0);
		rules_free(rules);
	}
	{
		/* libc is in every stack, and calls none of them. */
		FINDINGS(libc, scene_call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
		         scene_call(1, CALL_MPROTECT, RUNTIME + 2, BASE, PAGE, 1, 0));

		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 1);
		rules_free(rules);
	}
	{
		FINDINGS(failed, scene_call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0), bad, exec);

		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 3);
		rules_free(rules);
	}
}

static void churn_is_of_one_second(void **state)
{
	const struct policy_rule rule = { .rule = &rule_churn,
		                          .level = LEVEL_ERROR,
		                          .settings = { .calls_per_second = 50 } };
	const struct scene_setting plain = { 0 };
	struct event fast[60], slow[60];
	struct rules *rules;

	(void)state;
	for (uint64_t i = 0; i < 60; i++) {
		fast[i] = slow[i] = scene_call(i, CALL_MPROTECT, 1, BASE, PAGE, 1 + i % 2, 0);
		fast[i].time_ns = 900000000 + i * 3000000; /* over the edge of a second */
		slow[i].time_ns = i * 30000000;            /* 33 a second */
	}
	assert_int_equal(scene_judge(&rules, &rule, fast, 60, &plain)->count, 1);
	rules_free(rules);
	assert_int_equal(scene_judge(&rules, &rule, slow, 60, &plain)->count, 0);
	rules_free(rules);
}

/* A row that only the second list has, one that both have, and a call on pages that are not there. */
static void changes_without_a_call(void **state)
{
	const struct policy_rule rule = { .rule = &rule_unexplained, .level = LEVEL_ERROR };
	const struct vma_row rows[] = {
		{ .start = BASE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = "" },
		{ .start = 0x100000, .end = 0x103000, .prot = PROT_READ, .name = "" },
	};
	struct snapshot snapshots[] = {
		{ .id = 0, .rows = rows, .row_count = 1 },
		{ .id = 1, .begin = 1, .end = 1, .rows = rows, .row_count = 2 },
	};
	const struct event events[] = { scene_call(0, CALL_MPROTECT, 1, BASE, 4 * PAGE, 1, 0) };
	struct scene_setting setting = { .snapshots = snapshots, .snapshot_count = 2 };
	struct rules *rules;
	struct findings *findings = scene_judge(&rules, &rule, events, 1, &setting);
	char said[128];

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->amount, 3 * PAGE);
	assert_int_equal(findings->items[0]->start, 0x100000);
	assert_false(findings->items[0]->has_event);
	rule.rule->say(findings->items[0], said, sizeof(said));
	assert_string_equal(said, "1 change of 12 KiB that no recorded call made");
	rules_free(rules);

	/* The list says the same as the events: nothing to explain. */
	snapshots[1].row_count = 1;
	assert_int_equal(scene_judge(&rules, &rule, events, 1, &setting)->count, 0);
	rules_free(rules);
}

/* By a system call that nobody saw: the second list shows it. */
static void wx_without_a_call(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	const struct vma_row before = {
		.start = BASE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = ""
	};
	const struct vma_row after[] = {
		{ .start = BASE, .end = BASE + PAGE, .prot = 7, .name = "" },
		{ .start = BASE + PAGE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = "" },
	};
	const struct snapshot snapshots[] = {
		{ .id = 0, .rows = &before, .row_count = 1 },
		{ .id = 1, .begin = 1, .end = 1, .rows = after, .row_count = 2 },
	};
	const struct event events[] = { scene_map(0, 1, 0x100000, 1, PROT_READ, 0) };
	const struct scene_setting setting = { .snapshots = snapshots, .snapshot_count = 2 };
	struct rules *rules;
	struct findings *findings = scene_judge(&rules, &rule, events, 1, &setting);
	char said[128];

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->start, BASE);
	assert_int_equal(findings->items[0]->end, BASE + PAGE);
	rule.rule->say(findings->items[0], said, sizeof(said));
	assert_string_equal(said,
	                    "4 KiB writable and executable at once, by no call that was recorded");
	rules_free(rules);
}

/* A mapping where one is, which the kernel would not have given: the call that made room is missing. */
static void calls_that_cannot_be(void **state)
{
	const struct policy_rule rule = { .rule = &rule_unexplained, .level = LEVEL_ERROR };
	FINDINGS(rule, scene_map(0, 1, 0x100000, 4, 3, 0), scene_map(1, 1, 0x101000, 1, 3, 0),
	         scene_map(2, 2, 0x102000, 1, 3, 0));
	char said[128];

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->count, 2);
	rule.rule->say(findings->items[0], said, sizeof(said));
	assert_string_equal(
		said, "2 calls cannot have done what they say: a call before them is missing");
	rules_free(rules);
}

/* Two calls of a known site, one of a new one; and the known one from another line of its function. */
static void call_sites_beside_a_baseline(void **state)
{
	const struct policy_rule rule = { .rule = &rule_new_call_site, .level = LEVEL_ERROR };
	const struct event events[] = { scene_map(0, 1, 0x100000, 1, 3, 0),
		                        scene_map(1, 1, 0x200000, 1, 3, 0),
		                        scene_map(2, 2, 0x300000, 1, 3, 0),
		                        scene_map(3, 2, 0x400000, 1, 3, 0) };
	struct baseline baseline = { .has_known = true };
	const struct scene_setting setting = { .baseline = &baseline };
	struct baseline_site *known;
	struct findings *findings;
	struct rules *rules;
	bool fresh;

	(void)state;
	known = site_list_at(&baseline.known, 1 << 16 | CALL_MMAP, &fresh);
	known->call = strdup("mmap");
	known->places = known->calls = 1;
	findings = scene_judge(&rules, &rule, events, 4, &setting);
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->event.seq, 2);
	assert_string_equal(findings->items[0]->frames[0].function, "f2");
	rules_free(rules);
	baseline_release(&baseline);

	/* Without one there is nothing to be new to. */
	findings = scene_judge(&rules, &rule, events, 4, &(const struct scene_setting) { 0 });
	assert_int_equal(findings->count, 0);
	rules_free(rules);
}

static void own_calls_are_not_judged(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	const struct policy_rule failed = { .rule = &rule_failed_call, .level = LEVEL_ERROR };
	const struct policy_rule clobber = { .rule = &rule_fixed_clobber, .level = LEVEL_ERROR };
	struct event own = scene_map(0, 1, 0x100000, 2, 7, 0);
	struct event own_failed = scene_call(1, CALL_MUNMAP, 1, 1, PAGE, 0, 0);

	(void)state;
	own.flags = own_failed.flags = VMAT_EVENT_INTERNAL;
	own_failed.failed = true;
	own_failed.error = EINVAL;
	{
		FINDINGS(rule, own);

		assert_int_equal(findings->count, 0);
		rules_free(rules);
	}
	{
		FINDINGS(failed, own, own_failed);

		assert_int_equal(findings->count, 0);
		rules_free(rules);
	}
	{
		/* Nor what is done to what is its own. */
		FINDINGS(clobber, own, scene_map(1, 2, 0x100000, 2, 3, MAP_FIXED));

		assert_int_equal(findings->count, 0);
		rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wx_by_whatever_way),
		cmocka_unit_test(written_moved_executed),
		cmocka_unit_test(clobbers_of_others),
		cmocka_unit_test(limits_name_the_holder),
		cmocka_unit_test(limits_are_not_findings),
		cmocka_unit_test(leaks_are_summed),
		cmocka_unit_test(shm_is_unlinked_by_name),
		cmocka_unit_test(nothing_is_left_by_who_runs),
		cmocka_unit_test(modes_beyond_the_policy),
		cmocka_unit_test(calls_forbidden_and_failed),
		cmocka_unit_test(churn_is_of_one_second),
		cmocka_unit_test(wx_without_a_call),
		cmocka_unit_test(changes_without_a_call),
		cmocka_unit_test(calls_that_cannot_be),
		cmocka_unit_test(call_sites_beside_a_baseline),
		cmocka_unit_test(own_calls_are_not_judged),
	};
	return SCENES_JUDGED_BOTH_WAYS(tests);
}
