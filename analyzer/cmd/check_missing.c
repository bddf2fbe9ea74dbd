/*
 * check_missing: what a trace does not hold, in sentences. A verdict over a trace that is missing something is
 * one over what is left; the policy says what that is worth, and it is said in any case.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "render/info.h"
#include "render/text.h"

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
		{ counts->damaged_records, "damaged records" },
		{ counts->unknown_calls, "calls that this version does not know" },
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

void missing_of_trace(struct missing *missing, const struct trace *trace)
{
	const struct vmat_header *header = trace_header(trace);
	char name[256], who[300];

	/* What a program is called may be anything, and these sentences are printed as they are. */
	text_escaped(name, sizeof(name), base_name_of(header->exe));
	snprintf(who, sizeof(who), "process %u (%s)", header->pid, name);
	add_counts(missing, trace, who);
	add_coverage(missing, header, who);
}
