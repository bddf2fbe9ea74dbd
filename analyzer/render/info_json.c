/*
 * info_json.c: `vmatrace info` for programs.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "event_json.h"
#include "info.h"
#include "vmatrace/trace_format.h"

static void put_command_line(struct json *json, const struct vmat_header *header)
{
	const char *at = header->command_line;
	const char *end = at + header->command_line_bytes;

	json_key(json, "command_line");
	json_array(json);
	while (at < end) {
		size_t length = strnlen(at, (size_t)(end - at));

		json_string_bytes(json, at, length);
		at += length + 1;
	}
	json_array_end(json);
}

/* The status where it is known; a number or a name, the other one null. */
static void put_end(struct json *json, const struct info *info)
{
	bool exited = info->has_status && WIFEXITED(info->wait_status);
	bool killed = info->has_status && WIFSIGNALED(info->wait_status);
	const char *name = killed ? sigabbrev_np(WTERMSIG(info->wait_status)) : NULL;
	char text[32] = "";

	if (killed)
		snprintf(text, sizeof(text), "SIG%s", name ? name : "RT");
	json_member_string(json, "ended",
	                   info_end_name(exited   ? END_EXITED
	                                 : killed ? END_GONE
	                                          : info->end));
	json_key(json, "exit_status");
	if (exited)
		json_number(json, (uint64_t)WEXITSTATUS(info->wait_status));
	else
		json_null(json);
	json_member_string(json, "signal", killed ? text : NULL);
}

static void put_program(struct json *json, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);

	json_member_string(json, "trace", trace_path(info->trace));
	json_member_number(json, "trace_bytes", trace_file_bytes(info->trace));
	json_member_number(json, "format", header->version);
	json_member_string(json, "recorder", header->recorder_version);
	json_member_string(json, "exe", header->exe);
	put_command_line(json, header);
	json_member_string(json, "cwd", header->cwd);
	json_member_number(json, "pid", header->pid);
	json_member_number(json, "parent_pid", header->parent_pid);
	json_member_number(json, "uid", header->uid);
	json_member_bool(json, "from_fork", header->from_fork);
	json_member_number(json, "started_realtime_ns", header->realtime_ns);
	put_end(json, info);
	json_member_number(json, "last_event_ns", trace_counts(info->trace)->last_ns);
}

static void put_coverage(struct json *json, const struct vmat_header *header,
                         const struct vmat_control *control)
{
	bool sites = header->layers & VMAT_LAYER_SITES;

	json_key(json, "coverage");
	json_object(json);
	json_member_bool(json, "wrappers", header->layers & VMAT_LAYER_WRAPPERS);
	json_member_bool(json, "sites", sites);
	json_member_bool(json, "snapshots", header->layers & VMAT_LAYER_SNAPSHOTS);
	json_member_number(json, "sites_found", header->sites_found);
	json_member_number(json, "sites_patched", header->sites_patched);
	json_member_string(json, "sites_left", header->sites_left);
	json_member_string(json, "sites_off", sites ? NULL : info_sites_off(header->sites_off));
	json_member_number(json, "copies_patched", control->copies_patched);
	json_member_number(json, "copies_left", control->copies_left);
	json_member_string(json, "copy_left", control->copy_left);
	json_member_bool(json, "unloading_unseen", control->unloading_unseen);
	json_member_bool(json, "sandboxed", control->sandboxed);
	json_object_end(json);
}

static void put_events(struct json *json, const struct trace_counts *counts)
{
	json_key(json, "events");
	json_object(json);
	json_member_number(json, "stored", counts->events);
	json_member_number(json, "failed", counts->failed);
	json_member_number(json, "internal", counts->internal);
	json_member_number(json, "early", counts->early);
	json_member_number(json, "left", counts->left);
	json_member_number(json, "unknown_calls", counts->unknown_calls);
	json_member_number(json, "unknown_flags", counts->unknown_flags);
	json_object_end(json);
}

static void put_lost(struct json *json, const struct info *info)
{
	const struct trace_counts *counts = trace_counts(info->trace);
	const struct vmat_control *control = trace_control(info->trace);

	json_key(json, "lost");
	json_object(json);
	json_member_number(json, "events", counts->lost);
	json_member_number(json, "overwritten", counts->overwritten);
	json_member_number(json, "torn", counts->torn);
	json_member_number(json, "dropped", counts->dropped);
	json_member_number(json, "before_recording", counts->not_seen);
	json_member_number(json, "arena_records", control->arena_full);
	json_member_number(json, "stacks", counts->stacks_lost);
	json_member_number(json, "evidence", counts->evidence_lost);
	json_member_number(json, "modules", control->modules_full);
	json_member_number(json, "threads", control->threads_lost);
	json_member_number(json, "damaged_records", counts->damaged_records);
	json_member_number(json, "unknown_records", counts->unknown_records);
	json_member_number(json, "in_flight_entries", control->in_flight_full);
	json_member_number(json, "snapshots", control->snapshots_failed);
	json_member_number(json, "children_not_followed", control->not_followed);
	json_member_string(json, "recording_stopped", info_stopped(control->stopped));
	json_member_bool(json, "truncated", counts->truncated);
	json_object_end(json);
}

/* null where there was nothing to replay from: not known is not none. */
static void put_unseen(struct json *json, const struct info *info)
{
	json_key(json, "unseen");
	if (!info->has_base) {
		json_null(json);
		return;
	}
	json_object(json);
	json_member_number(json, "implicit_changes", info->totals.implicit_changes);
	json_member_number(json, "unexplained_vmas", info->totals.unexplained_vmas);
	json_key(json, "causes");
	json_object(json);
	for (size_t cause = CAUSE_UNEXPLAINED + 1; cause < CAUSE_COUNT; cause++)
		json_member_number(json, implicit_cause_name((enum implicit_cause)cause),
		                   info->explained[cause]);
	json_object_end(json);
	json_object_end(json);
}

static void put_limit(struct json *json, const char *key, uint64_t bytes)
{
	json_key(json, key);
	if (bytes == UINT64_MAX)
		json_null(json);
	else
		json_number(json, bytes);
}

static void put_settings(struct json *json, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);
	const struct trace_counts *counts = trace_counts(info->trace);

	json_key(json, "settings");
	json_object(json);
	json_member_number(json, "ring_slots", header->slot_count);
	json_member_number(json, "ring_bytes", header->slot_count * header->slot_bytes);
	json_member_string(json, "on_full", info_on_full(header->on_full));
	json_member_string(json, "stack", info_stack_mode(header->stack_mode));
	json_member_number(json, "depth", header->depth);
	json_member_bool(json, "children", header->children);
	json_object_end(json);
	json_key(json, "arena");
	json_object(json);
	json_member_number(json, "used", counts->arena_used);
	json_member_number(json, "bytes", counts->arena_bytes);
	json_member_number(json, "laps", counts->arena_lap);
	json_member_number(json, "stacks", counts->stacks);
	json_object_end(json);
	json_key(json, "limits");
	json_object(json);
	json_member_number(json, "max_map_count", header->max_map_count);
	put_limit(json, "as", header->limit_as);
	put_limit(json, "data", header->limit_data);
	put_limit(json, "stack", header->limit_stack);
	put_limit(json, "memlock", header->limit_memlock);
	json_object_end(json);
}

void info_json(const struct info *info, struct json *json)
{
	const struct vmat_header *header = trace_header(info->trace);
	const struct snapshot *snapshots;
	struct stack_view stack;
	size_t count;

	put_program(json, info);
	put_coverage(json, header, trace_control(info->trace));
	put_events(json, trace_counts(info->trace));
	put_lost(json, info);
	put_unseen(json, info);
	json_key(json, "snapshots");
	json_array(json);
	snapshots = trace_snapshots(info->trace, &count);
	for (size_t i = 0; i < count; i++) {
		json_object(json);
		json_member_string(json, "reason", info_snapshot_reason(snapshots[i].reason));
		json_member_number(json, "begin", snapshots[i].begin);
		json_member_number(json, "end", snapshots[i].end);
		json_member_number(json, "time_ns", snapshots[i].time_ns);
		json_member_number(json, "rows", snapshots[i].row_count);
		json_object_end(json);
	}
	json_array_end(json);
	put_settings(json, info);
	json_key(json, "in_flight");
	json_array(json);
	for (size_t i = 0; i < info->in_flight_count; i++) {
		stack = stack_view_of(info->symbols, &info->in_flight[i], NULL);
		json_event(json, &info->in_flight[i], header->pid, NULL, &stack);
	}
	json_array_end(json);
}
