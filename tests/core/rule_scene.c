/*
 * rule_scene.c: see the header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "rule_scene.h"

static bool judges_late;

int scene_judges_at_once(void **state)
{
	(void)state;
	judges_late = false;
	return 0;
}

int scene_judges_late(void **state)
{
	(void)state;
	judges_late = true;
	return 0;
}

/* What was noted and is not yet judged. */
struct held {
	struct rules *rules;
	struct rules_item *items;
	size_t count;
	bool taking;
};

struct scene {
	const struct event *events;
	size_t count;
	size_t next;
	struct finding_frame frames[2]; /* of the event last asked about */
	struct held held;
};

static struct rules_item *held_room(void *context)
{
	struct held *held = context;

	held->items = reallocarray(held->items, held->count + 1, sizeof(*held->items));
	assert_non_null(held->items);
	return &held->items[held->count];
}

static void held_give(void *context)
{
	struct held *held = context;

	held->count++;
}

static void held_drain(void *context)
{
	struct held *held = context;

	held->taking = true;
	for (size_t i = 0; i < held->count; i++)
		rules_take(held->rules, &held->items[i]);
	held->taking = false;
	held->count = 0;
}

static void may_be_asked(const struct scene *scene)
{
	assert_true(scene->held.taking || !scene->held.count);
}

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
	may_be_asked(context);
	return event->caller ? event->caller << 16 | event->call : 0;
}

static size_t frames_of(void *context, const struct event *event,
                        const struct finding_frame **frames)
{
	static const char *const names[] = { "f0", "f1", "f2", "f3", "f4" };
	struct scene *scene = context;

	may_be_asked(scene);
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
	may_be_asked(context);
	return (struct call_owner) {
		.place = event->caller,
		.module = event->caller >= RUNTIME ? "libc" : "app",
		.runtime = event->caller >= RUNTIME,
	};
}

static enum vma_creator creator_of(void *context, const struct event *event)
{
	may_be_asked(context);
	return event->caller >= RUNTIME ? CREATOR_UNKNOWN : CREATOR_PROGRAM;
}

static bool event_of(void *context, uint64_t seq, struct event *event)
{
	struct scene *scene = context;

	may_be_asked(scene);
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

struct findings *scene_judge(struct rules **rules, const struct policy_rule *rule,
                             const struct event *events, size_t count,
                             const struct scene_setting *setting)
{
	static const struct vma_row row = {
		.start = BASE, .end = BASE + 4 * PAGE, .prot = PROT_READ, .name = ""
	};
	const struct snapshot snapshot = { .rows = &row, .row_count = 1 };
	struct scene scene = { .events = events, .count = count };
	const struct policy policy = { .rules = (struct policy_rule *)(uintptr_t)rule,
		                       .rule_count = 1 };
	const struct rules_source source = { &scene,   site_of,    NULL,     frames_of,
		                             owner_of, creator_of, event_of, own_of };
	const struct rules_relay relay = { &scene.held, held_room, held_give, held_drain };
	const struct rules_process process = {
		.source = &source,
		.relay = judges_late ? &relay : NULL,
		.runs = setting->runs,
		.exe = "/bin/app",
		.page_bytes = PAGE,
	};
	const struct walk_input input = {
		.events = { next_event, &scene },
		.snapshots = setting->snapshots ? setting->snapshots : &snapshot,
		.snapshot_count = setting->snapshots ? setting->snapshot_count : 1,
		.page_bytes = PAGE,
		.window = 8,
	};
	struct walk_observer observer;
	struct walk *walk = walk_new(&input);
	struct findings *findings;

	*rules = rules_new(&policy, setting->baseline, false);
	scene.held.rules = *rules;
	rules_process_begin(*rules, &process, &observer);
	assert_int_equal(walk_run(walk, &observer), WALK_DONE);
	rules_process_end(*rules, walk);
	assert_int_equal(scene.held.count, 0);
	findings = rules_finish(*rules);
	assert_false(rules_failed(*rules));
	walk_free(walk);
	free(scene.held.items);
	return findings;
}

struct event scene_call(uint64_t seq, uint16_t id, uint64_t caller, uint64_t a, uint64_t b,
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

struct event scene_map(uint64_t seq, uint64_t caller, uint64_t at, uint64_t pages, uint64_t prot,
                       uint64_t flags)
{
	struct event event = scene_call(seq, CALL_MMAP, caller, at, pages * PAGE, prot,
	                                MAP_PRIVATE | MAP_ANONYMOUS | flags);

	event.result = at;
	return event;
}
