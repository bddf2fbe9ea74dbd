/*
 * untraced.c: see the header. Which trace is whose is known by process number and time: a trace of a number is
 * that of the program begun there if it is younger than the one that it was begun in.
 */
#include "untraced.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/check_report.h"
#include "render/text.h"

enum { NAMED = 3 };

/* NULL: out of memory. */
static struct birth *add(struct untraced *untraced, size_t trace, uint32_t pid, const char *program)
{
	struct birth *grown = untraced->births;

	if ((untraced->count & (untraced->count - 1)) == 0) {
		grown = reallocarray(grown, untraced->count ? 2 * untraced->count : 1,
		                     sizeof(*grown));
		if (!grown)
			return NULL;
		untraced->births = grown;
	}
	grown[untraced->count] = (struct birth) { .trace = trace, .pid = pid };
	if (program && !(grown[untraced->count].program = strdup(program)))
		return NULL;
	return &grown[untraced->count++];
}

/* One event of a vfork child's: the first of that child is a birth, the others are further tries of it. */
static bool add_try(struct untraced *untraced, struct number_table *children, size_t trace,
                    const struct event *event)
{
	uint64_t *place = number_table_at(children, event->tid);
	struct birth *birth;

	if (!place)
		return false;
	if (!*place) {
		if (!add(untraced, trace, event->tid, NULL))
			return false;
		*place = untraced->count;
	}
	birth = &untraced->births[*place - 1];
	birth->tries++;
	free(birth->program);
	birth->program = event->text ? strdup(event->text) : NULL;
	return birth->program || !event->text;
}

void untraced_begin(struct untraced_look *look, struct untraced *untraced,
                    const struct trace_set *set, size_t index)
{
	*look = (struct untraced_look) {
		.untraced = untraced,
		.trace = index,
		.first = untraced->count,
	};
	if (!untraced->failed)
		untraced->failed = calloc(set->count, sizeof(*untraced->failed));
	look->failed = !untraced->failed;
}

void untraced_event(struct untraced_look *look, const struct event *event)
{
	struct untraced *untraced = look->untraced;
	bool fine = true;

	if ((event->call != CALL_POSIX_SPAWN && event->call != CALL_EXECVE) || look->failed)
		return;
	if (event->call == CALL_POSIX_SPAWN && !event->failed && event->args[1])
		fine = add(untraced, look->trace, (uint32_t)event->args[1], event->text);
	else if (event->call == CALL_EXECVE && event->flags & VMAT_EVENT_CHILD)
		fine = add_try(untraced, &look->children, look->trace, event);
	else if (event->call == CALL_EXECVE && event->in_flight)
		look->becomes = event->text;
	look->failed = !fine;
}

bool untraced_end(struct untraced_look *look, const struct trace *trace, bool runs)
{
	const struct vmat_control *control = trace_control(trace);
	bool execed = control->state == VMAT_STATE_EXECED && !runs;
	struct untraced *untraced = look->untraced;

	number_table_release(&look->children);
	if (look->failed)
		return false;
	untraced->failed[look->trace] = control->execs_failed;
	untraced->not_followed += control->children_left;
	for (size_t i = look->first; i < untraced->count; i++)
		untraced->births[i].not_followed = !trace_header(trace)->children;
	return !execed || add(untraced, look->trace, trace_header(trace)->pid, look->becomes);
}

bool untraced_see(struct untraced *untraced, const struct trace_set *set, size_t index,
                  struct trace *trace, bool runs)
{
	struct untraced_look look;
	struct event_source source;
	struct event event;

	untraced_begin(&look, untraced, set, index);
	if (!look.failed && trace_events(trace, &source)) {
		while (!look.failed && source.next(source.self, &event))
			untraced_event(&look, &event);
	} else {
		look.failed = true;
	}
	return untraced_end(&look, trace, runs);
}

/* --- who has a trace ---------------------------------------------------------------------------------- */

/* When the youngest trace of each process began. */
static bool know(struct number_table *youngest, uint32_t pid, uint64_t realtime_ns)
{
	uint64_t *known = number_table_at(youngest, pid);

	if (known && *known < realtime_ns)
		*known = realtime_ns;
	return known;
}

static int is_trace_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && fnmatch("*.vmat", entry->d_name, 0) == 0;
}

/* Of a path, with its slash. */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) + 1 : 0;
}

/* What lies beside the trace of that path. */
static bool know_beside(struct number_table *youngest, const char *path)
{
	int length = folder_length(path);
	struct dirent **names;
	bool fine = true;
	char *folder, *whole;
	int count;

	if (asprintf(&folder, "%.*s", length, length ? path : "./") < 0)
		return false;
	count = scandir(length ? folder : ".", &names, is_trace_name, NULL);
	for (int i = 0; i < count; i++) {
		struct vmat_header header;
		struct trace_error error;

		fine = fine && asprintf(&whole, "%s%s", folder, names[i]->d_name) >= 0;
		if (fine && trace_peek(whole, &header, &error))
			fine = know(youngest, header.pid, header.realtime_ns);
		if (fine)
			free(whole);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	free(folder);
	return fine;
}

static bool has_trace(const struct number_table *youngest, const struct trace_set *set,
                      const struct birth *birth)
{
	const uint64_t *known = number_table_find(youngest, birth->pid);

	return known && *known > set->entries[birth->trace].realtime_ns;
}

static bool know_all(const struct untraced *untraced, const struct trace_set *set,
                     struct number_table *youngest)
{
	const char *looked_at = NULL;

	for (size_t i = 0; i < set->count; i++)
		if (!know(youngest, set->entries[i].pid, set->entries[i].realtime_ns))
			return false;
	for (size_t i = 0; i < untraced->count; i++) {
		const struct birth *birth = &untraced->births[i];
		const char *path = set->entries[birth->trace].path;

		if (birth->not_followed || has_trace(youngest, set, birth) ||
		    (looked_at && folder_length(looked_at) == folder_length(path) &&
		     strncmp(looked_at, path, (size_t)folder_length(path)) == 0))
			continue;
		if (!know_beside(youngest, path))
			return false;
		looked_at = path;
	}
	return true;
}

/*
 * The vfork children of one trace that have none: each has tried at least once, and so many of all tries of the
 * trace are known to have failed. Those of children that have a trace are among them.
 */
static uint64_t begun(const struct untraced *untraced, size_t first, const bool *traced)
{
	size_t trace = untraced->births[first].trace;
	uint64_t tries = 0, children = 0, failed = untraced->failed[trace];

	for (size_t i = first; i < untraced->count && untraced->births[i].trace == trace; i++) {
		const struct birth *birth = &untraced->births[i];

		if (!birth->tries)
			continue;
		tries += traced[i] ? birth->tries - 1 : birth->tries;
		children += !traced[i];
	}
	return tries <= failed ? 0 : tries - failed < children ? tries - failed : children;
}

bool untraced_finish(struct untraced *untraced, const struct trace_set *set)
{
	struct number_table youngest = { 0 };
	bool *traced = calloc(untraced->count + 1, sizeof(*traced));
	uint64_t *left = calloc(set->count + 1, sizeof(*left));
	bool fine = traced && left && know_all(untraced, set, &youngest);
	size_t kept = 0;

	for (size_t i = 0; fine && i < untraced->count; i++)
		traced[i] = has_trace(&youngest, set, &untraced->births[i]);
	for (size_t i = 0, seen = SIZE_MAX; fine && i < untraced->count; i++) {
		size_t trace = untraced->births[i].trace;

		if (trace != seen)
			left[trace] = begun(untraced, i, traced);
		seen = trace;
	}
	/* Which of several has begun something, and which has only tried to, nobody knows: the last. */
	for (size_t i = untraced->count; fine && i-- > 0;) {
		const struct birth *birth = &untraced->births[i];

		if (!traced[i] && birth->tries && !left[birth->trace])
			traced[i] = true;
		else if (!traced[i] && birth->tries)
			left[birth->trace]--;
	}
	for (size_t i = 0; fine && i < untraced->count; i++) {
		if (traced[i] || untraced->births[i].not_followed) {
			untraced->not_followed += !traced[i];
			free(untraced->births[i].program);
			continue;
		}
		untraced->births[kept++] = untraced->births[i];
	}
	if (fine)
		untraced->count = kept;
	number_table_release(&youngest);
	free(traced);
	free(left);
	return fine;
}

char *untraced_names(const struct untraced *untraced, const struct trace_set *set, char *text,
                     size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < untraced->count && i < NAMED && used < bytes; i++) {
		const struct birth *birth = &untraced->births[i];
		const struct trace_entry *parent = &set->entries[birth->trace];
		char program[128], exe[64];

		text_escaped(program, sizeof(program), birth->program ? birth->program : "?");
		text_escaped(exe, sizeof(exe), base_name_of(parent->exe));
		used += (size_t)snprintf(text + used, bytes - used, "%s'%s' by process %u (%s)",
		                         i ? ", " : "", program, parent->pid, exe);
	}
	if (untraced->count > NAMED && used < bytes)
		snprintf(text + used, bytes - used, ", ...");
	return text;
}

void untraced_release(struct untraced *untraced)
{
	for (size_t i = 0; i < untraced->count; i++)
		free(untraced->births[i].program);
	free(untraced->births);
	free(untraced->failed);
	*untraced = (struct untraced) { 0 };
}
