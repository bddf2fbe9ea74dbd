/*
 * budget_json: see budget_report.h.
 */
#include "budget_report.h"
#include "core/call_table.h"
#include "text.h"

static void limit(struct json *json, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		json_member_null(json, key);
	else
		json_member_number(json, key, value);
}

static void failure(struct json *json, const struct budget_failure *of)
{
	char spare[16];

	json_object(json);
	json_member_number(json, "seq", of->call.seq);
	json_member_number(json, "time_ns", of->time_ns);
	json_member_string(json, "errno", errno_name(of->error, spare));
	json_member_string(json, "reason", shortage_name(of->shortage));
	json_member_number(json, "count", of->count);
	json_member_number(json, "vmas", of->facts.vmas);
	json_member_number(json, "mapped_bytes", of->facts.mapped);
	json_member_number(json, "data_bytes", of->facts.data);
	json_member_number(json, "locked_bytes", of->facts.locked);
	json_member_number(json, "asked_bytes", of->facts.asked);
	json_member_string(json, "limits",
	                   of->limits_known == LIMITS_AT_CALL ? "at-call" : "at-start");
	limit(json, "limit_as", of->limits.as);
	limit(json, "limit_data", of->limits.data);
	limit(json, "limit_memlock", of->limits.memlock);
	json_site_identity(json, of->site);
	json_object_end(json);
}

static void sites(struct json *json, const char *key, const struct site_view *const *views,
                  size_t count)
{
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_site(json, views[i], NULL);
	json_array_end(json);
}

void budget_json(struct json *json, const struct budget_report *report)
{
	json_object(json);
	json_member_number(json, "schema", 1);
	json_member_number(json, "pid", report->header->pid);
	json_member_string(json, "exe", report->header->exe);
	json_member_number(json, "max_map_count", report->limits.max_map_count);
	limit(json, "limit_as", report->limits.as);
	limit(json, "limit_data", report->limits.data);
	limit(json, "limit_memlock", report->limits.memlock);
	if (report->limits.overcommit)
		json_member_number(json, "overcommit_memory", report->limits.overcommit - 1);
	else
		json_member_null(json, "overcommit_memory");
	json_member_number(json, "memory_and_swap_bytes", report->limits.memory);
	json_member_number(json, "commit_limit", report->limits.commit_limit);
	json_member_number(json, "committed", report->limits.committed);
	json_member_number(json, "start", report->start);
	json_member_number(json, "peak", report->peak);
	json_member_number(json, "peak_ns", report->peak_ns);
	json_member_number(json, "end", report->end);
	limit(json, "reached_in_ns", report->grows ? report->reached_ns : UINT64_MAX);
	json_key(json, "curve");
	json_array(json);
	for (size_t i = 0; i < BUDGET_SAMPLES; i++)
		json_number(json, report->samples[i]);
	json_array_end(json);
	json_key(json, "failures");
	json_array(json);
	for (size_t i = 0; i < report->failure_count; i++)
		failure(json, &report->failures[i]);
	json_array_end(json);
	sites(json, "held", report->holders, report->holder_count);
	sites(json, "split", report->splitters, report->splitter_count);
	json_object_end(json);
}
