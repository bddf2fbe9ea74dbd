/*
 * rules_test: rules held against walks of a few made-up events: what only a row of the table can know, without
 * a process and without symbols. A caller's address is its call site: function "f" + address.
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

#include "core/rules.h"
#include "vmatrace/trace_format.h"

enum { PAGE = 4096, BASE = 0x10000, RUNTIME = 900 };

struct scene {
	const struct event *events;
	size_t count;
	size_t next;
	struct finding_frame frames[2]; /* of the event last asked about */
};

static bool next_event(void *self, struct event *event)
{
	struct scene *scene = self;

	if (scene->next == scene->count)
		return false;
	*event = scene->events[scene->next++];
	return true;
}

static uint64_t site_of(void *context, const struct event *event)
{
	(void)context;
	return event->caller ? event->caller << 16 | event->call : 0;
}

static size_t frames_of(void *context, const struct event *event,
                        const struct finding_frame **frames)
{
	static const char *const names[] = { "f0", "f1", "f2", "f3", "f4" };
	struct scene *scene = context;

	scene->frames[0] = (struct finding_frame) {
		.module = event->caller >= RUNTIME ? "/lib/libc.so.6" : "/bin/app",
		.function = names[event->caller % 5],
		.runtime = event->caller >= RUNTIME,
	};
	scene->frames[1] = (struct finding_frame) {
		.module = "/lib/libc.so.6",
		.function = "start",
		.runtime = true,
	};
	*frames = scene->frames;
	return event->caller ? 2 : 0;
}

static struct call_owner owner_of(void *context, const struct event *event)
{
	(void)context;
	return (struct call_owner) {
		.place = event->caller,
		.module = event->caller >= RUNTIME ? "libc" : "app",
		.runtime = event->caller >= RUNTIME,
	};
}

static enum vma_creator creator_of(void *context, const struct event *event)
{
	(void)context;
	return event->caller >= RUNTIME ? CREATOR_UNKNOWN : CREATOR_PROGRAM;
}

static bool event_of(void *context, uint64_t seq, struct event *event)
{
	struct scene *scene = context;

	for (size_t i = 0; i < scene->count; i++) {
		if (scene->events[i].seq != seq)
			continue;
		*event = scene->events[i];
		return true;
	}
	return false;
}

static void own_of(void *context, const struct walk *walk, uint64_t *bytes, uint64_t *vmas)
{
	(void)context;
	(void)walk;
	*bytes = *vmas = 0;
}

/* Judges; the caller frees. */
static struct findings *judge(struct rules **rules, const struct policy_rule *rule,
                              const struct event *events, size_t count)
{
	static const struct vma_row row = {
		.start = BASE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = ""
	};
	const struct snapshot snapshot = { .rows = &row, .row_count = 1 };
	struct scene scene = { .events = events, .count = count };
	const struct policy policy = { .rules = (struct policy_rule *)(uintptr_t)rule,
		                       .rule_count = 1 };
	const struct rules_source source = { &scene,     site_of,  frames_of, owner_of,
		                             creator_of, event_of, own_of };
	const struct rules_process process = { .source = &source,
		                               .exe = "/bin/app",
		                               .page_bytes = PAGE };
	const struct walk_input input = {
		.events = { next_event, &scene },
		.snapshots = &snapshot,
		.snapshot_count = 1,
		.page_bytes = PAGE,
		.window = 8,
	};
	struct walk_observer observer;
	struct walk *walk = walk_new(&input);
	struct findings *findings;

	*rules = rules_new(&policy, NULL, false);
	rules_process_begin(*rules, &process, &observer);
	assert_int_equal(walk_run(walk, &observer), WALK_DONE);
	rules_process_end(*rules, walk);
	findings = rules_finish(*rules);
	assert_false(rules_failed(*rules));
	walk_free(walk);
	return findings;
}

static struct event call(uint64_t seq, uint16_t id, uint64_t caller, uint64_t a, uint64_t b,
                         uint64_t c, uint64_t d)
{
	return (struct event) { .seq = seq,
		                .enter = seq,
		                .exit = seq,
		                .tid = 1,
		                .call = id,
		                .caller = caller,
		                .args = { a, b, c, d } };
}

static struct event map(uint64_t seq, uint64_t caller, uint64_t at, uint64_t pages, uint64_t prot,
                        uint64_t flags)
{
	struct event event = call(seq, CALL_MMAP, caller, at, pages * PAGE, prot,
	                          MAP_PRIVATE | MAP_ANONYMOUS | flags);

	event.result = at;
	return event;
}

#define FINDINGS(rule, ...)                                                                        \
	const struct event events[] = { __VA_ARGS__ };                                             \
	struct rules *rules;                                                                       \
	struct findings *findings =                                                                \
		judge(&rules, &(rule), events, sizeof(events) / sizeof(events[0]))

static void wx_by_whatever_way(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	FINDINGS(rule, map(0, 1, 0x100000, 2, 7, 0), map(1, 2, 0x200000, 2, 3, 0),
	         call(2, CALL_MPROTECT, 3, 0x200000, PAGE, 7, 0),
	         call(3, CALL_MPROTECT, 3, 0x201000, PAGE, 7, 0), /* the same site */
	         map(4, 4, 0x300000, 2, 5, 0));

	(void)state;
	assert_int_equal(findings->count, 2);
	assert_int_equal(findings->items[0]->count + findings->items[1]->count, 3);
	rules_free(rules);
}

static void written_moved_executed(void **state)
{
	const struct policy_rule rule = { .rule = &rule_write_then_exec, .level = LEVEL_ERROR };
	struct event move = call(2, CALL_MREMAP, 1, 0x100000, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	struct event again = map(5, 1, 0x400000, 1, 1, MAP_FIXED);

	move.result = 0x400000;
	{
		FINDINGS(rule, map(0, 1, 0x100000, 2, 3, 0),
		         call(1, CALL_MPROTECT, 1, 0x100000, 2 * PAGE, 1, 0), move,
		         call(3, CALL_MPROTECT, 2, 0x401000, PAGE, 5, 0), /* found */
		         call(4, CALL_MPROTECT, 3, BASE, PAGE, 5, 0),     /* never writable */
		         again,                                           /* new pages */
		         call(6, CALL_MPROTECT, 4, 0x400000, PAGE, 5, 0));

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
	FINDINGS(rule, map(0, 1, 0x100000, 4, 3, 0),
	         map(1, 1, 0x100000, 1, 3, MAP_FIXED), /* its own */
	         map(2, 2, 0x101000, 1, 3, MAP_FIXED), /* found */
	         map(3, 2, 0x102000, 1, 0, MAP_FIXED), /* given back by the same module */
	         map(4, 3, 0x102000, 1, 3, MAP_FIXED), /* into a reservation */
	         map(5, 900, 0x200000, 2, 3, 0),
	         map(6, 901, 0x200000, 1, 3, MAP_FIXED), /* the runtime among itself */
	         map(7, 4, 0x201000, 1, 3, MAP_FIXED),   /* found: the runtime's */
	         map(8, 4, BASE, 1, 3, MAP_FIXED));      /* found: from before recording */

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
	FINDINGS(rule, map(0, 2, 0x100000, 5, 3, 0), map(1, 1, 0x80000, 6, 3, 0),
	         map(2, 2, 0x300000, 5, 3, 0), map(3, 3, 0x400000, 1, 3, 0),
	         call(4, CALL_MUNMAP, 2, 0x100000, 5 * PAGE, 0, 0));

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
	FINDINGS(rule, map(0, 1, 0x100000, 12, 3, 0),
	         call(1, CALL_MUNMAP, 2, 0x100000, 12 * PAGE, 0, 0), map(2, 1, 0x300000, 1, 3, 0));

	(void)state;
	assert_int_equal(findings->count, 0);
	rules_free(rules);
}

static void leaks_are_summed(void **state)
{
	const struct policy_rule rule = { .rule = &rule_leaked_mapping,
		                          .level = LEVEL_ERROR,
		                          .settings = { .at_least = 5 * PAGE } };
	FINDINGS(rule, map(0, 1, 0x100000, 4, 3, 0), map(1, 1, 0x200000, 4, 3, 0),
	         map(2, 2, 0x300000, 4, 3, 0), map(3, 900, 0x400000, 64, 3, 0), /* libc's own */
	         call(4, CALL_MUNMAP, 3, 0x200000, 2 * PAGE, 0, 0));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->amount, 6 * PAGE);
	rules_free(rules);
}

static struct event shm(uint64_t seq, uint16_t id, const char *name, uint64_t flags, uint64_t mode)
{
	struct event event = call(seq, id, 1 + seq, 0, flags, mode, 0);

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

static void modes_beyond_the_policy(void **state)
{
	const struct policy_rule rule = { .rule = &rule_shm_mode,
		                          .level = LEVEL_ERROR,
		                          .settings = { .max_mode = 0640 } };
	FINDINGS(rule, shm(0, CALL_SHM_OPEN, "/a", O_CREAT, 0640),
	         shm(1, CALL_SHM_OPEN, "/b", O_CREAT, 0644), shm(2, CALL_SHM_OPEN, "/c", 0, 0777),
	         shm(3, CALL_SHM_OPEN, "/d", O_CREAT, 0400));

	(void)state;
	assert_int_equal(findings->count, 1);
	assert_int_equal(findings->items[0]->event.seq, 1);
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
	struct event bad = call(3, CALL_MUNMAP, 1, 1, PAGE, 0, 0);
	struct event exec = call(4, CALL_EXECVE, 1, 0, 0, 0, 0);

	(void)state;
	bad.failed = exec.failed = true;
	bad.error = exec.error = EINVAL;
	{
		FINDINGS(forbidden, call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
		         call(1, CALL_MPROTECT, 3, BASE, PAGE, 1, 0),
		         call(2, CALL_MPROTECT, RUNTIME + 1, BASE, PAGE, 1, 0), bad);

		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 0);
		rules_free(rules);
	}
	{
		/* libc is in every stack, and calls none of them. */
		FINDINGS(libc, call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0),
		         call(1, CALL_MPROTECT, RUNTIME + 2, BASE, PAGE, 1, 0));

		assert_int_equal(findings->count, 1);
		assert_int_equal(findings->items[0]->event.seq, 1);
		rules_free(rules);
	}
	{
		FINDINGS(failed, call(0, CALL_MPROTECT, 1, BASE, PAGE, 1, 0), bad, exec);

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
	struct event fast[60], slow[60];
	struct rules *rules;

	(void)state;
	for (uint64_t i = 0; i < 60; i++) {
		fast[i] = slow[i] = call(i, CALL_MPROTECT, 1, BASE, PAGE, 1 + i % 2, 0);
		fast[i].time_ns = 900000000 + i * 3000000; /* over the edge of a second */
		slow[i].time_ns = i * 30000000;            /* 33 a second */
	}
	assert_int_equal(judge(&rules, &rule, fast, 60)->count, 1);
	rules_free(rules);
	assert_int_equal(judge(&rules, &rule, slow, 60)->count, 0);
	rules_free(rules);
}

static void own_calls_are_not_judged(void **state)
{
	const struct policy_rule rule = { .rule = &rule_wx_mapping, .level = LEVEL_ERROR };
	struct event own = map(0, 1, 0x100000, 2, 7, 0);

	(void)state;
	own.flags = VMAT_EVENT_INTERNAL;
	{
		FINDINGS(rule, own);

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
		cmocka_unit_test(modes_beyond_the_policy),
		cmocka_unit_test(calls_forbidden_and_failed),
		cmocka_unit_test(churn_is_of_one_second),
		cmocka_unit_test(own_calls_are_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
