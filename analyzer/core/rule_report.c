/*
 * rule_report: what rules are made of: a finding with its place and its VMA, and the words that several rules
 * say. Declared in rules.h, "for the rules themselves".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_table.h"
#include "rules.h"

/* Where it is known to have been seen first: its call, else the program itself. */
static bool place_finding(struct rule_run *run, struct finding *finding, const struct event *event)
{
	const struct rules_process *process = run->process;
	const struct finding_frame *frames = NULL;
	struct finding_frame program = { .module = process->exe };
	size_t count = 0;

	finding->pid = process->pid;
	finding->process = process->number;
	if (event) {
		finding->has_event = event->call != CALL_IMPLICIT;
		finding->event = *event;
		count = process->source->frames(process->source->context, event, &frames);
	}
	return count ? finding_set_frames(finding, frames, count)
	             : finding_set_frames(finding, &program, 1);
}

/* One that executed another program is still the same. */
static void count_process(struct rule_run *run, struct finding *finding)
{
	uint64_t *seen = number_table_at(&run->findings->seen_in,
	                                 (uint64_t)finding->number << 32 | run->process->pid);

	if (seen)
		finding->processes += !(*seen)++;
	else
		rule_out_of_memory(run);
}

static struct finding *report(struct rule_run *run, const struct event *event, uint64_t site,
                              const char *detail)
{
	bool fresh;
	struct finding *finding =
		findings_at(run->findings, run->policy, run->order, site, detail, &fresh);

	if (!finding || (fresh && !place_finding(run, finding, event))) {
		rule_out_of_memory(run);
		return NULL;
	}
	finding->count++;
	if (finding->count == 1 || finding->last_process != run->process->number)
		count_process(run, finding);
	finding->last_process = run->process->number;
	return finding;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct finding *rule_report(struct rule_run *run, const struct event *event, const char *detail)
{
	const struct rules_source *source = run->process->source;
	uint64_t site = event ? source->site(source->context, event) : 0;
	char program[512];

	if (site)
		return report(run, event, site, detail);
	/* What no call site made is the program's. */
	snprintf(program, sizeof(program), "%s %s", base_name(run->process->exe), detail);
	return report(run, event, 0, program);
}

struct finding *rule_report_program(struct rule_run *run, const struct event *event,
                                    const char *detail)
{
	return report(run, event, 0, detail);
}

struct finding *rule_report_module(struct rule_run *run, const struct finding *like,
                                   const char *module, const char *detail)
{
	struct finding_frame frame = { .module = module };
	struct finding *finding;
	char key[512];
	bool fresh;

	snprintf(key, sizeof(key), "%s %s", detail, module);
	finding = findings_at(run->findings, run->policy, run->order, 0, key, &fresh);
	for (size_t i = 0; i < like->frame_count; i++)
		if (like->frames[i].module &&
		    strcmp(base_name(like->frames[i].module), module) == 0)
			frame.module = like->frames[i].module;
	if (!finding || (fresh && !finding_set_frames(finding, &frame, 1))) {
		rule_out_of_memory(run);
		return NULL;
	}
	if (fresh) {
		finding->pid = like->pid;
		finding->process = finding->last_process = like->process;
		finding->processes = 1;
	}
	finding->count++;
	return finding;
}

static void set_vma(struct rule_run *run, struct finding *finding, uint64_t start, uint64_t end,
                    uint8_t prot, bool shared, const char *name)
{
	if (!finding || finding->has_vma)
		return;
	finding->name = strdup(name);
	if (!finding->name) {
		rule_out_of_memory(run);
		return;
	}
	finding->has_vma = true;
	finding->start = start;
	finding->end = end;
	finding->prot = prot;
	finding->shared = shared;
}

void finding_set_vma(struct rule_run *run, struct finding *finding, const struct vma_run *vma,
                     const struct vma_map *map)
{
	set_vma(run, finding, vma->start, vma->end, vma->prot, vma->shared,
	        vma_map_object_name(map, vma->object));
}

void finding_set_noted(struct rule_run *run, struct finding *finding, const struct rule_note *note)
{
	set_vma(run, finding, note->start, note->end, note->prot, note->shared, note->name);
}

struct rule_note rule_note_of_change(const struct vma_change *change)
{
	return (struct rule_note) {
		.start = change->start,
		.end = change->end,
		.prot = change->mapped_after ? change->prot_after : change->prot_before,
		.shared = change->shared,
		.name = change->name,
	};
}

struct rule_note rule_note_of_run(const struct vma_run *vma, const struct vma_map *map,
                                  uint64_t start, uint64_t end)
{
	return (struct rule_note) {
		.start = vma->start < start ? start : vma->start,
		.end = vma->end > end ? end : vma->end,
		.prot = vma->prot,
		.shared = vma->shared,
		.name = vma_map_object_name(map, vma->object),
		.author = vma->created_by,
	};
}

char *rule_spell_call(struct rule_run *run, const struct event *event, char *text, size_t bytes)
{
	const struct rules_source *source = run->process->source;
	const struct finding_frame *frames;
	size_t count = source->frames(source->context, event, &frames);
	size_t at = 0;
	const char *slash;

	while (at < count && frames[at].runtime)
		at++;
	if (at == count)
		at = 0;
	if (!count) {
		snprintf(text, bytes, "%s", call_name(event->call));
		return text;
	}
	slash = frames[at].module ? strrchr(frames[at].module, '/') : NULL;
	if (frames[at].function && frames[at].file && frames[at].line)
		snprintf(text, bytes, "%s at %s (%s:%u)", call_name(event->call),
		         frames[at].function, frames[at].file, frames[at].line);
	else
		snprintf(text, bytes, "%s at %s (%s)", call_name(event->call),
		         frames[at].function ? frames[at].function : "?",
		         slash               ? slash + 1
		         : frames[at].module ? frames[at].module
		                             : "?");
	return text;
}

const char *error_name(int error)
{
	return error > 0 ? strerrorname_np(error) : NULL;
}

bool call_is_about_memory(uint16_t call)
{
	/* A shell that looks for a program along PATH fails until it finds it. */
	static const uint16_t others[] = { CALL_EXECVE, CALL_POSIX_SPAWN, CALL_MARK,
		                           CALL_IMPLICIT };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] == call)
			return false;
	return call_describe(call) != NULL;
}
