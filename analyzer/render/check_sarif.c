/*
 * check_sarif: SARIF 2.1.0 (OASIS), as GitHub code scanning takes it: one run, its rules, a result for each
 * finding with a place in the project's own sources, the whole stack, and partialFingerprints made of the call
 * site's id, so that a finding is the same one from run to run.
 *
 * Paths are relative to %SRCROOT%, as the format asks of what is to be shown on another machine. A finding
 * without a line of the project's sources stands at the program's name.
 */
#include <stdio.h>
#include <string.h>

#include "check_report.h"
#include "core/call_table.h"
#include "core/rules.h"
#include "core/site_id.h"
#include "json.h"

/* Limits of GitHub code scanning: more results than this of one run are not taken. */
enum { RESULT_LIMIT = 25000 };

static void put_text(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_object(json);
	json_member_string(json, "text", text);
	json_object_end(json);
}

static const char *level_of(enum rule_level level)
{
	static const char *const names[LEVEL_COUNT] = {
		[LEVEL_OFF] = "none",
		[LEVEL_WARNING] = "warning",
		[LEVEL_ERROR] = "error",
	};

	return names[level];
}

/* The worst that the policy gives a rule: it may stand there several times. Each result says its own. */
static enum rule_level level_in(const struct policy *policy, const struct rule *rule)
{
	enum rule_level level = LEVEL_OFF;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].rule == rule && policy->rules[i].level > level)
			level = policy->rules[i].level;
	return level;
}

static void put_rules(struct json *json, const struct check_report *report)
{
	json_key(json, "rules");
	json_array(json);
	for (const struct rule *const *rule = rules_all(); *rule; rule++) {
		enum rule_level level = level_in(report->policy, *rule);

		json_object(json);
		json_member_string(json, "id", (*rule)->name);
		put_text(json, "shortDescription", (*rule)->means);
		put_text(json, "help", (*rule)->fix);
		json_key(json, "defaultConfiguration");
		json_object(json);
		json_member_bool(json, "enabled", level != LEVEL_OFF);
		if (level != LEVEL_OFF)
			json_member_string(json, "level", level_of(level));
		json_object_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

/* A path as a relative URI (RFC 3986): what is no path character is spelled %XX. */
static void put_uri(struct json *json, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~/!$&'()*+,;=@";
	static const char digits[] = "0123456789ABCDEF";
	char uri[3 * 4096 + 1];
	size_t used = 0;

	for (; *path && used + 3 < sizeof(uri); path++) {
		unsigned char c = (unsigned char)*path;

		if (strchr(plain, c)) {
			uri[used++] = (char)c;
			continue;
		}
		uri[used++] = '%';
		uri[used++] = digits[c >> 4];
		uri[used++] = digits[c & 15];
	}
	uri[used] = '\0';
	json_member_string(json, "uri", uri);
}

/* A location: `path` relative to the root, or NULL: what the frame's module is called. */
static void put_location(struct json *json, const struct finding_frame *frame, const char *path)
{
	char place[512];

	json_object(json);
	json_key(json, "physicalLocation");
	json_object(json);
	json_key(json, "artifactLocation");
	json_object(json);
	put_uri(json, path ? path : frame->module ? base_name_of(frame->module) : "unknown");
	if (path)
		json_member_string(json, "uriBaseId", "%SRCROOT%");
	json_object_end(json);
	if (path) {
		json_key(json, "region");
		json_object(json);
		json_member_number(json, "startLine", frame->line);
		json_object_end(json);
	}
	json_object_end(json);
	if (frame->function) {
		json_key(json, "logicalLocations");
		json_array(json);
		json_object(json);
		json_member_string(json, "fullyQualifiedName", frame->function);
		json_member_string(json, "kind", "function");
		json_object_end(json);
		json_array_end(json);
	}
	finding_frame_text(place, sizeof(place), frame);
	put_text(json, "message", place);
	json_object_end(json);
}

static void put_stack(struct json *json, const struct check_report *report,
                      const struct finding *finding)
{
	json_key(json, "stacks");
	json_array(json);
	json_object(json);
	json_key(json, "frames");
	json_array(json);
	for (size_t i = 0; i < finding->frame_count; i++) {
		struct finding alone = *finding;
		const struct finding_frame *frame = &finding->frames[i];
		const char *path;

		/* Its own path, not that of one further out. */
		alone.frames = &finding->frames[i];
		alone.frame_count = 1;
		alone.site_frame = 0;
		finding_source(report, &alone, &path);
		json_object(json);
		json_key(json, "location");
		put_location(json, frame, path);
		if (frame->module)
			json_member_string(json, "module", base_name_of(frame->module));
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	json_array_end(json);
}

static void put_result(struct json *json, const struct check_report *report,
                       const struct finding *finding)
{
	const char *path;
	const struct finding_frame *source = finding_source(report, finding, &path);
	char text[2048];

	json_object(json);
	json_member_string(json, "ruleId", finding->policy->rule->name);
	json_member_number(json, "ruleIndex", finding->order);
	json_member_string(json, "level", level_of(finding->policy->level));
	finding_sentence(finding, text, sizeof(text));
	put_text(json, "message", text);
	json_key(json, "locations");
	json_array(json);
	if (source || finding_place(finding))
		put_location(json, source ? source : finding_place(finding), path);
	json_array_end(json);
	put_stack(json, report, finding);
	json_key(json, "partialFingerprints");
	json_object(json);
	json_member_string(json, "vmatraceSite/v1", finding_fingerprint(text, finding));
	json_object_end(json);
	json_member_number(json, "occurrenceCount", finding->count);
	if (finding_baseline_state(report, finding))
		json_member_string(json, "baselineState", finding_baseline_state(report, finding));
	if (finding->allow) {
		json_key(json, "suppressions");
		json_array(json);
		json_object(json);
		json_member_string(json, "kind", "external");
		if (finding->allow->reason)
			json_member_string(json, "justification", finding->allow->reason);
		json_object_end(json);
		json_array_end(json);
	}
	json_object_end(json);
}

static void put_notification(struct json *json, const char *level, const char *text)
{
	json_object(json);
	json_member_string(json, "level", level);
	put_text(json, "message", text);
	json_object_end(json);
}

static void put_unjudged(struct json *json, const struct check_unjudged *unjudged)
{
	char text[256];

	if (unjudged->incomplete)
		return;
	snprintf(text, sizeof(text), "not judged: %s: %s", unjudged->rule->name, unjudged->why);
	put_notification(json, "note", text);
}

/*
 * A call site of the baseline that is gone, or one that has grown: no failure, so its kind is informational and
 * its level none (SARIF 2.1.0, 3.27.9 and 3.27.10).
 */
static void put_site(struct json *json, const struct baseline_site *site, const char *state,
                     const char *message)
{
	struct finding_frame frame = { 0 };
	char module[512] = "unknown", id[SITE_ID_DIGITS + 1];
	const char *chosen = site->chain_count ? site->chain[0] : module, *mark;

	/* The innermost function of its own; frames of the runtime have no name. */
	for (size_t i = site->chain_count; i-- > 0;)
		if (strchr(site->chain[i], '!'))
			chosen = site->chain[i];
	mark = strchr(chosen, '!');
	snprintf(module, sizeof(module), "%.*s", mark ? (int)(mark - chosen) : (int)strlen(chosen),
	         chosen);
	frame.module = module;
	frame.function = mark ? mark + 1 : NULL;
	json_object(json);
	json_member_string(json, "ruleId", rule_new_call_site.name);
	json_member_number(json, "ruleIndex", rule_order(&rule_new_call_site));
	json_member_string(json, "kind", "informational");
	json_member_string(json, "level", "none");
	json_member_string(json, "baselineState", state);
	put_text(json, "message", message);
	json_key(json, "locations");
	json_array(json);
	put_location(json, &frame, NULL);
	json_array_end(json);
	json_key(json, "partialFingerprints");
	json_object(json);
	json_member_string(json, "vmatraceSite/v1", site_id_text(id, site->id));
	json_object_end(json);
	json_object_end(json);
}

static void put_baseline(struct json *json, const struct baseline *baseline, size_t room)
{
	char site[1024], growth[256], text[2048];

	for (size_t i = 0; i < baseline->known.count && room; i++) {
		if (baseline->known.sites[i].state != BASELINE_ALONE)
			continue;
		snprintf(text, sizeof(text), "a call site of the baseline that is gone: %s",
		         baseline_site_text(site, sizeof(site), &baseline->known.sites[i]));
		put_site(json, &baseline->known.sites[i], "absent", text);
		room--;
	}
	for (size_t i = 0; i < baseline->now.count && room; i++) {
		const struct baseline_site *now = &baseline->now.sites[i];

		if (!baseline_grown(now))
			continue;
		snprintf(text, sizeof(text), "a call site that has grown: %s: %s",
		         baseline_site_text(site, sizeof(site), now),
		         baseline_growth_text(growth, sizeof(growth), now));
		put_site(json, now, "updated", text);
		room--;
	}
}

/* Entries of the policy that allowed nothing: of its configuration, no finding. */
static void put_unused(struct json *json, const struct check_report *report)
{
	char text[2048];

	json_key(json, "toolConfigurationNotifications");
	json_array(json);
	for (size_t i = 0; i < report->policy->allow_count; i++) {
		if (report->allowed[i])
			continue;
		put_notification(json, "note",
		                 unused_allow_text(text, sizeof(text), &report->policy->allows[i]));
	}
	json_array_end(json);
}

size_t check_sarif_left_out(const struct check_report *report)
{
	size_t results = report->findings->count;

	if (report->baseline) {
		struct baseline_totals totals = baseline_totals_of(report->baseline);

		results += totals.gone + totals.grown;
	}
	return results > RESULT_LIMIT ? results - RESULT_LIMIT : 0;
}

char *left_out_sentence(char *text, size_t bytes, size_t left_out)
{
	snprintf(text, bytes,
	         "%zu result%s left out: of one run %d are taken, the worst of them first",
	         left_out, left_out == 1 ? " is" : "s are", RESULT_LIMIT);
	return text;
}

static void put_invocation(struct json *json, const struct check_report *report)
{
	size_t left_out = check_sarif_left_out(report);
	char text[128];

	json_key(json, "invocations");
	json_array(json);
	json_object(json);
	json_member_bool(json, "executionSuccessful", report->verdict.kind != VERDICT_INCOMPLETE);
	json_key(json, "toolExecutionNotifications");
	json_array(json);
	for (size_t i = 0; i < report->incomplete_count; i++)
		put_notification(
			json, report->policy->incomplete == INCOMPLETE_FAIL ? "error" : "warning",
			report->incomplete[i]);
	for (size_t i = 0; i < report->unjudged_count; i++)
		put_unjudged(json, &report->unjudged[i]);
	if (left_out)
		put_notification(json, "warning", left_out_sentence(text, sizeof(text), left_out));
	json_array_end(json);
	put_unused(json, report);
	json_object_end(json);
	json_array_end(json);
}

void check_sarif(FILE *out, const struct check_report *report)
{
	struct json json;

	json_begin(&json, out, JSON_ROWS);
	json_object(&json);
	json_member_string(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_member_string(&json, "version", "2.1.0");
	json_key(&json, "runs");
	json_array(&json);
	json_object(&json);
	json_key(&json, "tool");
	json_object(&json);
	json_key(&json, "driver");
	json_object(&json);
	json_member_string(&json, "name", "vmatrace");
	json_member_string(&json, "version", VMATRACE_VERSION);
	put_rules(&json, report);
	json_object_end(&json);
	json_object_end(&json);
	put_invocation(&json, report);
	json_member_string(&json, "columnKind", "utf16CodeUnits");
	json_key(&json, "results");
	json_array(&json);
	for (size_t i = 0; i < report->findings->count && i < RESULT_LIMIT; i++)
		put_result(&json, report, report->findings->items[i]);
	if (report->baseline && report->findings->count < RESULT_LIMIT)
		put_baseline(&json, report->baseline, RESULT_LIMIT - report->findings->count);
	json_array_end(&json);
	json_object_end(&json);
	json_array_end(&json);
	json_object_end(&json);
	json_end(&json);
}
