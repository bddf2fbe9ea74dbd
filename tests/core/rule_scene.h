/*
 * rule_scene: a walk of a few made-up events for rules to watch, without a process and without symbols. A
 * caller's address is its call site: function "f" + address of the program, or, from RUNTIME on, of libc.
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

/* Judges; the caller frees *rules, and the findings with them. */
struct findings *scene_judge(struct rules **rules, const struct policy_rule *rule,
                             const struct event *events, size_t count,
                             const struct scene_setting *setting);

/* An event of thread 1, whose enter and exit are seq. */
struct event scene_call(uint64_t seq, uint16_t id, uint64_t caller, uint64_t a, uint64_t b,
                        uint64_t c, uint64_t d);
struct event scene_map(uint64_t seq, uint64_t caller, uint64_t at, uint64_t pages, uint64_t prot,
                       uint64_t flags);

#endif
