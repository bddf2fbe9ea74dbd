/*
 * check_github: workflow commands that GitHub Actions makes annotations of:
 *
 *     ::error file=src/app.c,line=12,title=wx-mapping::mmap at main (app.c:12)%3A ...
 *
 * In the message % and line ends are escaped, in the properties also : and , (actions/toolkit, command.ts).
 */
#include <inttypes.h>
#include <string.h>

#include "check_report.h"
#include "core/rules.h"

static void put_escaped(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

static void put_message(FILE *out, const char *text)
{
	put_escaped(out, text, "%\r\n");
}

static void put_property(FILE *out, const char *text)
{
	put_escaped(out, text, "%\r\n:,");
}

static void put_finding(FILE *out, const struct check_report *report, const struct finding *finding)
{
	const char *path;
	const struct finding_frame *source = finding_source(report, finding, &path);
	char text[2048];

	fprintf(out, "::%s ", rule_level_name(finding->policy->level));
	if (source) {
		fputs("file=", out);
		put_property(out, path);
		fprintf(out, ",line=%u,", source->line);
	}
	fputs("title=", out);
	put_property(out, finding->policy->rule->name);
	fputs("::", out);
	finding_sentence(finding, text, sizeof(text));
	put_message(out, text);
	fputs("%0A", out);
	put_message(out, finding->policy->rule->fix);
	putc('\n', out);
}

static void put_unused(FILE *out, const struct policy_allow *allow)
{
	char text[2048];

	fputs("::notice title=unused allow entry::", out);
	put_message(out, unused_allow_text(text, sizeof(text), allow));
	putc('\n', out);
}

/* One annotation: GitHub shows ten of a step. */
static void put_baseline(FILE *out, const struct check_report *report)
{
	const struct baseline *baseline = report->baseline;
	char text[2048];

	fputs("::notice title=baseline::", out);
	put_message(out, baseline_sentence(text, sizeof(text), report));
	for (size_t i = 0; i < baseline->known.count; i++) {
		if (baseline->known.sites[i].state != BASELINE_ALONE)
			continue;
		fputs("%0Agone: ", out);
		put_message(out, baseline_site_text(text, sizeof(text), &baseline->known.sites[i]));
	}
	for (size_t i = 0; i < baseline->now.count; i++) {
		const struct baseline_site *now = &baseline->now.sites[i];

		if (!baseline_grown(now))
			continue;
		fputs("%0Agrown: ", out);
		put_message(out, baseline_site_text(text, sizeof(text), now));
		fputs(": ", out);
		put_message(out, baseline_growth_text(text, sizeof(text), now));
	}
	putc('\n', out);
}

void check_github(FILE *out, const struct check_report *report)
{
	bool fails = report->policy->incomplete == INCOMPLETE_FAIL;

	for (size_t i = 0; i < report->incomplete_count; i++) {
		fprintf(out, "::%s title=incomplete trace::", fails ? "error" : "warning");
		put_message(out, report->incomplete[i]);
		putc('\n', out);
	}
	for (size_t i = 0; i < report->unjudged_count; i++) {
		const struct check_unjudged *unjudged = &report->unjudged[i];

		if (unjudged->incomplete)
			continue;
		fputs("::notice title=not judged::", out);
		put_message(out, unjudged->rule->name);
		fputs(": ", out);
		put_message(out, unjudged->why);
		putc('\n', out);
	}
	for (size_t i = 0; i < report->findings->count; i++)
		if (!report->findings->items[i]->allow)
			put_finding(out, report, report->findings->items[i]);
	for (size_t i = 0; i < report->policy->allow_count; i++)
		if (!report->allowed[i])
			put_unused(out, &report->policy->allows[i]);
	if (report->baseline)
		put_baseline(out, report);
	fprintf(out,
	        "vmatrace check: %s, %" PRIu64 " errors, %" PRIu64 " warnings, %" PRIu64
	        " allowed\n",
	        verdict_name(report->verdict.kind), report->verdict.errors,
	        report->verdict.warnings, report->verdict.allowed);
}
