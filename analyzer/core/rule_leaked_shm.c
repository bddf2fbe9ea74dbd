/*
 * leaked-shm: POSIX shared memory objects that were created and never unlinked. They outlive the process, and
 * the machine's memory with them. Any process of those judged may unlink what another created, so the answer
 * is known only when all have been seen (shm_names.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "shm_names.h"

struct state {
	struct shm_names names;
	struct finding *
		*findings; /* of the calls that made an object; names' tags are places in it */
	size_t count;
};

/* Reported at once, while its call site can be told, and taken back if somebody unlinks the object. */
static void after(struct rule_run *run, const struct event *event)
{
	struct state *state = run->state;
	struct finding **grown;
	struct shm_name *name;

	if (!shm_names_see(&state->names, event, run->process->realtime_ns, run->process->pid,
	                   &name)) {
		rule_out_of_memory(run);
		return;
	}
	if (!name)
		return;
	grown = reallocarray(state->findings, state->count + 1, sizeof(*grown));
	if (!grown) {
		rule_out_of_memory(run);
		return;
	}
	state->findings = grown;
	name->tag = state->count;
	grown[state->count] = rule_report(run, event, "");
	if (grown[state->count])
		state->count++;
}

/* A list that shows the object deleted tells that it was removed in another way. */
static void checkpoint(struct rule_run *run, const struct walk *walk,
                       const struct checkpoint *checkpoint)
{
	struct state *state = run->state;

	(void)walk;
	if (!shm_names_look(&state->names, checkpoint->snapshot, run->process->realtime_ns))
		rule_out_of_memory(run);
}

static void finish(struct rule_run *run)
{
	struct state *state = run->state;

	for (size_t i = 0; i < state->count; i++)
		state->findings[i]->count = 0;
	/* Whoever still runs may unlink any of them. */
	if (run->running)
		return;
	if (!shm_names_finish(&state->names)) {
		rule_out_of_memory(run);
		return;
	}
	for (size_t i = 0; i < state->names.count; i++) {
		const struct shm_name *name = &state->names.items[i];
		struct finding *finding = state->findings[name->tag];

		if (name->removed)
			continue;
		finding->count++;
		finding->amount++;
		if (!finding->note)
			finding->note = strdup(name->name);
	}
}

static void release(struct rule_run *run)
{
	struct state *state = run->state;

	shm_names_release(&state->names);
	free(state->findings);
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	const char *name = finding->note ? finding->note : "?";

	if (finding->amount > 1)
		snprintf(text, bytes,
		         "%llu shared-memory objects created and never unlinked, one is '%s'",
		         (unsigned long long)finding->amount, name);
	else
		snprintf(text, bytes, "shared-memory object '%s' created and never unlinked", name);
}

const struct rule rule_leaked_shm = {
	.name = "leaked-shm",
	.short_name = "shm",
	.means = "A POSIX shared-memory object was created (shm_open with O_CREAT) and no process "
		 "unlinked it: it stays in /dev/shm when all have ended.",
	.fix = "Call shm_unlink as soon as everyone who needs the object has opened it, or on "
	       "every "
	       "way out.",
	.state_bytes = sizeof(struct state),
	.at_end = true,
	.after = after,
	.checkpoint = checkpoint,
	.finish = finish,
	.release = release,
	.say = say,
};
