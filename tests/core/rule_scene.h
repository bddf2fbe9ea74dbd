/*
 * rule_scene: a walk of a few made-up events for rules to watch, without a process and without symbols. A
 * caller's address is its call site: function "f" + address of the program, or, from RUNTIME on, of libc.
 *
 * Rules judge at once, or as late as they may: a relay keeps all that is noted until it must be taken. Until then
 * what the scene answers must not be asked for, as another thread would be asking at the same time.
 */
#ifndef VMATRACE_TESTS_RULE_SCENE_H
#define VMATRACE_TESTS_RULE_SCENE_H

#include "core/baseline.h"
#include "core/rules.h"

enum { PAGE = 4096, BASE = 0x10000, RUNTIME = 900 };

/* What is judged beside the events; all 0: one snapshot, of four pages at BASE, and no baseline. */
struct scene_setting {
	const struct snapshot *snapshots;
	size_t snapshot_count;
	struct baseline *baseline;
	bool runs;
};

/* Setups of a group of tests: when its rules judge. */
int scene_judges_at_once(void **state);
int scene_judges_late(void **state);

/* All of an array of tests, once in each of the two ways: how many failed. */
#define SCENES_JUDGED_BOTH_WAYS(tests)                                                             \
	(cmocka_run_group_tests_name("judged at once", tests, scene_judges_at_once, NULL) +        \
	 cmocka_run_group_tests_name("judged late", tests, scene_judges_late, NULL))

/* Judges; the caller frees *rules, and the findings with them. */
struct findings *scene_judge(struct rules **rules, const struct policy_rule *rule,
                             const struct event *events, size_t count,
                             const struct scene_setting *setting);

/* An event of thread 1, whose enter and exit are seq. */
struct event scene_call(uint64_t seq, uint16_t id, uint64_t caller, uint64_t a, uint64_t b,
                        uint64_t c, uint64_t d);
struct event scene_map(uint64_t seq, uint64_t caller, uint64_t at, uint64_t pages, uint64_t prot,
                       uint64_t flags);

/* Of a policy of one rule and the events that follow: findings, and the rules to be freed. */
#define FINDINGS_IN(rule, setting, ...)                                                            \
	const struct event events[] = { __VA_ARGS__ };                                             \
	struct rules *rules;                                                                       \
	struct findings *findings =                                                                \
		scene_judge(&rules, &(rule), events, sizeof(events) / sizeof(events[0]), setting)

#define FINDINGS(rule, ...) FINDINGS_IN(rule, &(const struct scene_setting) { 0 }, __VA_ARGS__)

#endif
