/*
 * leaked-shm: POSIX shared memory objects that were created and never unlinked. They outlive the process, and
 * the machine's memory with them. Any process of those judged may unlink what another created, so the answer
 * is known only when all have been seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

struct object {
	char *name;
	uint64_t created_ns;
	uint64_t unlinked_ns;
	struct finding *finding; /* NULL: only unlinked */
};

struct state {
	struct object *objects;
	size_t count;
	struct number_table by_name;
};

/* "/name" and "name" are one object. */
static struct object *object_at(struct rule_run *run, const char *name)
{
	struct state *state = run->state;
	struct object *grown;
	uint64_t hash = 0xcbf29ce484222325ull;
	uint64_t *number;

	name += strspn(name, "/");
	for (const char *at = name; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3ull;
	number = number_table_at(&state->by_name, hash);
	if (number && *number)
		return &state->objects[*number - 1];
	grown = number ? reallocarray(state->objects, state->count + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		rule_out_of_memory(run);
		return NULL;
	}
	state->objects = grown;
	grown[state->count] = (struct object) { .name = strdup(name) };
	*number = ++state->count;
	return &grown[state->count - 1];
}

static void after(struct rule_run *run, const struct walk *walk, const struct event *event)
{
	uint64_t now = run->process->realtime_ns + event->time_ns;
	struct object *object;

	(void)walk;
	if (!event->text || event->in_flight)
		return;
	if (event->call == CALL_SHM_OPEN && !event->failed && event->args[1] & O_CREAT) {
		object = object_at(run, event->text);
		if (!object)
			return;
		object->created_ns = now > object->created_ns ? now : object->created_ns;
		if (object->finding)
			return;
		/* Reported already, and taken back if somebody unlinks it. */
		object->finding = rule_report(run, event, "");
		if (object->finding && !object->finding->note)
			object->finding->note = strdup(event->text);
	} else if (event->call == CALL_SHM_UNLINK && (!event->failed || event->error == ENOENT)) {
		object = object_at(run, event->text);
		if (object && now > object->unlinked_ns)
			object->unlinked_ns = now;
	}
}

static void finish(struct rule_run *run)
{
	struct state *state = run->state;

	for (size_t i = 0; i < state->count; i++) {
		const struct object *object = &state->objects[i];

		if (!object->finding)
			continue;
		if (object->unlinked_ns > object->created_ns) {
			object->finding->count--;
		} else {
			object->finding->amount++;
			/* The name to be shown is that of one that is really left. */
			if (object->finding->amount == 1) {
				free(object->finding->note);
				object->finding->note = object->name ? strdup(object->name) : NULL;
			}
		}
	}
}

static void release(struct rule_run *run)
{
	struct state *state = run->state;

	for (size_t i = 0; i < state->count; i++)
		free(state->objects[i].name);
	free(state->objects);
	number_table_release(&state->by_name);
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
	.means = "A POSIX shared-memory object was created (shm_open with O_CREAT) and no process "
		 "unlinked it: it stays in /dev/shm when all have ended.",
	.fix = "Call shm_unlink as soon as everyone who needs the object has opened it, or on "
	       "every "
	       "way out.",
	.state_bytes = sizeof(struct state),
	.after = after,
	.finish = finish,
	.release = release,
	.say = say,
};
