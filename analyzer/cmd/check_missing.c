/*
 * check_missing: what a trace does not hold, in sentences. A verdict over a trace that is missing something is
 * one over what is left; the policy says what that is worth, and it is said in any case.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "render/info.h"
#include "render/text.h"

enum { NAMED = 3 };

void missing_add(struct missing *missing, const char *format, ...)
{
	char **grown = reallocarray(missing->items, missing->count + 1, sizeof(*grown));
	va_list arguments;

	if (grown)
		missing->items = grown;
	va_start(arguments, format);
	if (!grown || vasprintf(&grown[missing->count], format, arguments) < 0)
		missing->failed = true;
	else
		missing->count++;
	va_end(arguments);
}

void missing_release(struct missing *missing)
{
	for (size_t i = 0; i < missing->count; i++)
		free(missing->items[i]);
	free(missing->items);
	untraced_release(&missing->untraced);
	*missing = (struct missing) { 0 };
}

/* One sentence each: how many, and of what. */
static void add_counts(struct missing *missing, const struct trace *trace, const char *who)
{
	const struct trace_counts *counts = trace_counts(trace);
	const struct vmat_control *control = trace_control(trace);
	const struct {
		uint64_t count;
		const char *what;
	} losses[] = {
		{ counts->overwritten,
		  "events overwritten: the ring was full (record with a larger --ring, or "
		  "--on-full grow)" },
		{ counts->torn,
		  "events not wholly stored: the process ended in the middle of them" },
		{ counts->dropped, "events dropped: recording had stopped, or there was no room" },
		{ control->not_followed, "child processes without a trace: none could be made" },
		{ control->arena_full,
		  "stacks, names or snapshots not stored: the trace was full" },
		{ control->snapshots_failed, "snapshots that could not be read or stored" },
		{ counts->stacks_lost, "events whose stack was written over: too many different "
		                       "ones (record with a larger --ring)" },
		{ counts->evidence_lost, "events whose file or rows were written over" },
		{ control->modules_full,
		  "loaded objects not stored: what called from them is not known" },
		{ control->copies_left, "libcs loaded once more and not watched inside" },
		{ counts->damaged_records, "damaged records" },
		{ counts->unknown_calls, "calls that this version does not know" },
		{ counts->unknown_flags, "events with flags that this version does not know" },
	};

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		if (losses[i].count)
			missing_add(missing, "%s: %" PRIu64 " %s", who, losses[i].count,
			            losses[i].what);
	if (counts->truncated)
		missing_add(missing, "%s: the file is cut off", who);
}

static void add_coverage(struct missing *missing, const struct vmat_header *header, const char *who)
{
	if (!(header->layers & VMAT_LAYER_SITES))
		missing_add(missing,
		            "%s: only the program's own calls were seen, none that libc and the "
		            "loader make inside themselves (%s)",
		            who, info_sites_off(header->sites_off));
	else if (header->sites_patched < header->sites_found)
		missing_add(missing, "%s: %u of %u system-call sites of libc were not watched", who,
		            header->sites_found - header->sites_patched, header->sites_found);
	if (!(header->layers & VMAT_LAYER_SNAPSHOTS))
		missing_add(missing, "%s: no snapshots of the kernel's list", who);
}

/* The first few are named. */
static void add_running(struct missing *missing, const char *who, enum trace_live live)
{
	size_t used = strlen(missing->runs);

	if (live == TRACE_OVER)
		return;
	if (missing->running++ < NAMED)
		snprintf(missing->runs + used, sizeof(missing->runs) - used, "%s%s",
		         used ? ", " : "", who);
}

void missing_of_trace(struct missing *missing, const struct trace *trace, enum trace_live live)
{
	const struct vmat_header *header = trace_header(trace);
	char name[64], who[80];

	/* What a program is called may be anything, and these sentences are printed as they are. */
	text_escaped(name, sizeof(name), base_name_of(header->exe));
	snprintf(who, sizeof(who), "process %u (%s)", header->pid, name);
	add_counts(missing, trace, who);
	add_coverage(missing, header, who);
	add_running(missing, who + strlen("process "), live);
}

void missing_of_set(struct missing *missing, const struct trace_set *set)
{
	struct untraced *untraced = &missing->untraced;
	char names[1024];

	if (!untraced_finish(untraced, set))
		missing->failed = true;
	else if (untraced->count)
		missing_add(missing,
		            "%zu program%s no trace %s begun (statically linked, set-user-id, "
		            "32-bit, in a sandbox, or without the environment that names the "
		            "recorder): %s",
		            untraced->count, untraced->count == 1 ? " that has" : "s that have",
		            untraced->count == 1 ? "was" : "were",
		            untraced_names(untraced, set, names, sizeof(names)));
	if (untraced->not_followed)
		missing_add(missing,
		            "%zu child process%s not traced (--no-children, VMATRACE_CHILDREN=0)",
		            untraced->not_followed,
		            untraced->not_followed == 1 ? " was" : "es were");
	if (missing->running)
		missing_add(missing,
		            "%zu process%s still running, judged by what was done so far: %s%s",
		            missing->running, missing->running == 1 ? " is" : "es are",
		            missing->runs, missing->running > NAMED ? ", ..." : "");
}

void missing_names(const struct module_list *list, char *text, size_t bytes)
{
	const struct baseline_module *first = NULL;
	size_t more = 0;
	char name[48], others[48] = "";

	*text = '\0';
	for (size_t i = 0; i < list->count; i++) {
		const struct baseline_module *module = &list->modules[i];

		/* A baseline without names is as good as it was. */
		if (!module->lost || (module->known && module->known->symbols == SYMBOLS_NONE))
			continue;
		more += first != NULL;
		first = first ? first : module;
	}
	if (!first)
		return;
	text_escaped(name, sizeof(name), first->name);
	if (more)
		snprintf(others, sizeof(others), " and of %zu more", more);
	snprintf(text, bytes,
	         "the file of '%s'%s is gone, or is not the one that was traced: functions have no "
	         "names",
	         name, others);
}
