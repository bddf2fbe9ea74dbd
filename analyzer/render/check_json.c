/*
 * check_json: a verdict with all that is known of each finding. Documented in README "check".
 */
#include <string.h>

#include "check_report.h"
#include "core/call_table.h"
#include "core/rules.h"
#include "core/site_id.h"
#include "json.h"
#include "text.h"

static void put_place(struct json *json, const struct finding_frame *frame)
{
	json_member_string(json, "module", frame ? frame->module : NULL);
	json_member_string(json, "function", frame ? frame->function : NULL);
	json_member_string(json, "file", frame ? frame->file : NULL);
	if (frame && frame->line)
		json_member_number(json, "line", frame->line);
	else
		json_member_null(json, "line");
}

static void put_stack(struct json *json, const struct finding *finding)
{
	json_key(json, "stack");
	json_array(json);
	for (size_t i = 0; i < finding->frame_count; i++) {
		const struct finding_frame *frame = &finding->frames[i];

		json_object(json);
		put_place(json, frame);
		json_member_string(json, "path", frame->path);
		json_member_hex(json, "offset", frame->offset);
		json_member_bool(json, "inlined", frame->inlined);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_event(struct json *json, const struct finding *finding)
{
	json_key(json, "event");
	if (!finding->has_event) {
		json_null(json);
		return;
	}
	json_object(json);
	json_member_number(json, "seq", finding->event.seq);
	json_member_number(json, "time_ns", finding->event.time_ns);
	json_member_number(json, "tid", finding->event.tid);
	json_member_string(json, "call", call_name(finding->event.call));
	json_object_end(json);
}

static void put_vma(struct json *json, const struct finding *finding)
{
	char flags[8];

	json_key(json, "vma");
	if (!finding->has_vma) {
		json_null(json);
		return;
	}
	text_prot(flags, sizeof(flags), finding->prot);
	strcat(flags, finding->shared ? "s" : "p");
	json_object(json);
	json_member_hex(json, "vm_start", finding->start);
	json_member_hex(json, "vm_end", finding->end);
	json_member_string(json, "vm_flags", flags);
	json_member_string(json, "vm_file", *finding->name ? finding->name : NULL);
	json_object_end(json);
}

static void put_allow(struct json *json, const struct policy_allow *allow)
{
	json_object(json);
	json_member_string(json, "source", allow->source);
	json_member_number(json, "line", allow->line);
	json_member_string(json, "reason", allow->reason);
	json_object_end(json);
}

static void put_finding(struct json *json, const struct finding *finding)
{
	char text[1024];

	json_object(json);
	json_member_string(json, "rule", finding->policy->rule->name);
	json_member_string(json, "level", rule_level_name(finding->policy->level));
	finding->policy->rule->say(finding, text, sizeof(text));
	json_member_string(json, "message", text);
	json_member_string(json, "fingerprint", finding_fingerprint(text, finding));
	if (finding->site)
		json_member_string(json, "site", site_id_text(text, finding->site));
	else
		json_member_null(json, "site");
	put_place(json, finding_place(finding));
	json_member_number(json, "count", finding->count);
	json_member_number(json, "pid", finding->pid);
	json_member_number(json, "processes", finding->processes);
	put_event(json, finding);
	put_vma(json, finding);
	json_key(json, "allowed_by");
	if (finding->allow)
		put_allow(json, finding->allow);
	else
		json_null(json);
	put_stack(json, finding);
	json_object_end(json);
}

static void put_site(struct json *json, const struct baseline_site *site)
{
	char id[SITE_ID_DIGITS + 1];

	json_object(json);
	json_member_string(json, "id", site_id_text(id, site->id));
	json_member_string(json, "call", site->call);
	json_member_number(json, "places", site->places);
	json_member_number(json, "calls", site->calls);
	json_member_number(json, "bytes", site->bytes);
	json_key(json, "chain");
	json_array(json);
	for (size_t i = 0; i < site->chain_count; i++)
		json_string(json, site->chain[i]);
	json_array_end(json);
	json_object_end(json);
}

static bool is_alone(const struct baseline_site *site)
{
	return site->state == BASELINE_ALONE;
}

static bool is_altered(const struct baseline_site *site)
{
	return site->state == BASELINE_ALTERED;
}

static void put_sites(struct json *json, const char *key, const struct site_list *list,
                      bool (*takes)(const struct baseline_site *site))
{
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < list->count; i++)
		if (takes(&list->sites[i]))
			put_site(json, &list->sites[i]);
	json_array_end(json);
}

static void put_baseline(struct json *json, const struct check_report *report)
{
	const struct baseline *baseline = report->baseline;

	json_key(json, "baseline");
	if (!baseline) {
		json_null(json);
		return;
	}
	json_object(json);
	json_member_string(json, "file", report->baseline_name);
	json_member_number(json, "known", baseline->known.count);
	put_sites(json, "new", &baseline->now, is_alone);
	put_sites(json, "altered", &baseline->now, is_altered);
	put_sites(json, "grown", &baseline->now, baseline_grown);
	put_sites(json, "gone", &baseline->known, is_alone);
	json_object_end(json);
}

void check_json(FILE *out, const struct check_report *report)
{
	struct json json;

	json_begin(&json, out, JSON_ROWS);
	json_object(&json);
	json_member_number(&json, "schema", 1);
	json_member_string(&json, "verdict", verdict_name(report->verdict.kind));
	json_member_number(&json, "errors", report->verdict.errors);
	json_member_number(&json, "warnings", report->verdict.warnings);
	json_member_number(&json, "allowed", report->verdict.allowed);
	json_member_string(&json, "trace", report->trace);
	json_member_string(&json, "policy", report->policy_name);
	json_member_number(&json, "processes", report->processes);
	json_key(&json, "incomplete");
	json_array(&json);
	for (size_t i = 0; i < report->incomplete_count; i++)
		json_string(&json, report->incomplete[i]);
	json_array_end(&json);
	json_key(&json, "not_judged");
	json_array(&json);
	for (size_t i = 0; i < report->unjudged_count; i++) {
		json_object(&json);
		json_member_string(&json, "rule", report->unjudged[i].rule->name);
		json_member_string(&json, "why", report->unjudged[i].why);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_key(&json, "findings");
	json_array(&json);
	for (size_t i = 0; i < report->findings->count; i++)
		put_finding(&json, report->findings->items[i]);
	json_array_end(&json);
	json_key(&json, "unused_allows");
	json_array(&json);
	for (size_t i = 0; i < report->policy->allow_count; i++)
		if (!report->allowed[i])
			put_allow(&json, &report->policy->allows[i]);
	json_array_end(&json);
	put_baseline(&json, report);
	json_object_end(&json);
	json_end(&json);
}
