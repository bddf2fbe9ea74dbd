/*
 * check_report.c: the table of formats, and the sentences they share.
 */
#include "check_report.h"

#include <string.h>

#include "core/call_table.h"
#include "core/rules.h"
#include "core/site_id.h"
#include "text.h"

static const struct check_format formats[] = {
	{ "text", check_text, NULL },
	{ "json", check_json, NULL },
	{ "sarif", check_sarif, check_sarif_left_out },
	{ "junit", check_junit, NULL },
	{ "github", check_github, NULL },
};

const struct check_format *check_format_named(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

void check_list_rules(FILE *out)
{
	static const char *const spelled[] = {
		[SETTING_COUNT_TYPE] = "N", [SETTING_BYTES] = "SIZE", [SETTING_MODE] = "MODE",
		[SETTING_CALL] = "CALL",    [SETTING_GLOB] = "GLOB",
	};

	for (const struct rule *const *rule = rules_all(); *rule; rule++) {
		fprintf(out, "%s: {level: error|warning|off", (*rule)->name);
		for (const struct rule_setting *setting = (*rule)->settings;
		     setting && setting->name; setting++)
			fprintf(out, setting->required ? ", %s: %s" : "[, %s: %s]", setting->name,
			        spelled[setting->type]);
		fprintf(out, "}\n    %s\n    fix: %s\n", (*rule)->means, (*rule)->fix);
	}
}

const char *base_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const struct finding_frame *finding_place(const struct finding *finding)
{
	return finding->site_frame < finding->frame_count ? &finding->frames[finding->site_frame]
	                                                  : NULL;
}

/* The part of the path below the root, NULL: it does not lie there. */
static const char *below(const char *root, const char *path)
{
	size_t length = strlen(root);

	if (!path || !*path)
		return NULL;
	if (path[0] != '/')
		return strncmp(path, "../", 3) == 0 || strstr(path, "/../") ? NULL : path;
	if (strncmp(path, root, length) != 0 || path[length] != '/')
		return NULL;
	path += length + 1;
	return strncmp(path, "../", 3) == 0 || strstr(path, "/../") ? NULL : path;
}

const struct finding_frame *finding_source(const struct check_report *report,
                                           const struct finding *finding, const char **path)
{
	for (size_t i = finding->site_frame; i < finding->frame_count; i++) {
		*path = below(report->root, finding->frames[i].path);
		if (!*path)
			*path = below(report->root_spelled, finding->frames[i].path);
		if (*path && finding->frames[i].line && !finding->frames[i].runtime)
			return &finding->frames[i];
	}
	*path = NULL;
	return NULL;
}

char *finding_frame_text(char *text, size_t bytes, const struct finding_frame *frame)
{
	char function[256], place[256];
	const char *module = frame->module ? base_name_of(frame->module) : "?";

	text_escaped(place, sizeof(place), frame->file ? frame->file : module);
	if (!frame->function && !frame->offset) {
		text_escaped(text, bytes, module);
		return text;
	}
	if (!frame->function) {
		text_escaped(place, sizeof(place), module);
		snprintf(text, bytes, "%s+0x%llx", place, (unsigned long long)frame->offset);
		return text;
	}
	text_escaped(function, sizeof(function), frame->function);
	if (frame->file && frame->line)
		snprintf(text, bytes, "%s (%s:%u)", function, place, frame->line);
	else
		snprintf(text, bytes, "%s (%s)", function, place);
	return text;
}

char *finding_fingerprint(char *text, const struct finding *finding)
{
	return site_id_text(text, finding->fingerprint);
}

void finding_sentence(const struct finding *finding, char *text, size_t bytes)
{
	const struct finding_frame *frame = finding_place(finding);
	char place[512] = "?", what[512], escaped[1024];

	finding->policy->rule->say(finding, what, sizeof(what));
	text_escaped(escaped, sizeof(escaped), what);
	if (frame)
		finding_frame_text(place, sizeof(place), frame);
	if (finding->has_event)
		snprintf(text, bytes, "%s at %s: %s", call_name(finding->event.call), place,
		         escaped);
	else
		snprintf(text, bytes, "%s: %s", place, escaped);
}
