/*
 * check_junit: JUnit XML as Jenkins and GitLab read it: a suite for the trace, a test case for each rule of the
 * policy. A rule with an error fails, one with warnings passes and says them, one that is off is skipped, and
 * a trace that is too incomplete to say is an error of a case of its own. What is no finding is what a case
 * that passes prints: entries that allowed nothing, and the baseline's new, gone and grown call sites.
 *
 * There is no standard; written is what all consumers take: `time` has three decimals, characters that XML 1.0
 * does not know are left out.
 */
#include <inttypes.h>
#include <string.h>

#include "check_report.h"
#include "core/rules.h"
#include "text.h"

/* Escaped for both text and attributes in double quotes; what is not UTF-8, or no character of XML, as '?'. */
static void put_xml(FILE *out, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t length = text_utf8_length(text, left);
		unsigned char c = (unsigned char)*text;

		/* U+FFFE and U+FFFF are none either. */
		if (!length || (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ||
		    (length == 3 && memcmp(text, "\xef\xbf", 2) == 0 &&
		     (unsigned char)text[2] >= 0xbe))
			putc('?', out);
		else if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else
			fwrite(text, 1, length, out);
		length += !length;
		text += length;
		left -= length;
	}
}

struct rule_totals {
	uint64_t errors;
	uint64_t warnings;
	bool on;
	const char *unjudged; /* why it was not judged everywhere; NULL: it was */
};

static void count_rule(const struct check_report *report, const struct rule *rule,
                       struct rule_totals *totals)
{
	*totals = (struct rule_totals) { 0 };
	for (size_t i = 0; i < report->policy->rule_count; i++)
		totals->on = totals->on || (report->policy->rules[i].rule == rule &&
		                            report->policy->rules[i].level != LEVEL_OFF);
	for (size_t i = 0; i < report->unjudged_count; i++)
		if (report->unjudged[i].rule == rule)
			totals->unjudged = report->unjudged[i].why;
	for (size_t i = 0; i < report->findings->count; i++) {
		const struct finding *finding = report->findings->items[i];

		if (finding->policy->rule != rule || finding->allow)
			continue;
		totals->errors += finding->policy->level == LEVEL_ERROR;
		totals->warnings += finding->policy->level == LEVEL_WARNING;
	}
}

/* It has nothing to say. */
static bool is_skipped(const struct rule_totals *totals)
{
	return !totals->on || (totals->unjudged && !totals->errors && !totals->warnings);
}

static void put_sentences(FILE *out, const struct check_report *report, const struct rule *rule,
                          enum rule_level level)
{
	char sentence[2048];

	for (size_t i = 0; i < report->findings->count; i++) {
		const struct finding *finding = report->findings->items[i];

		if (finding->policy->rule != rule || finding->allow ||
		    finding->policy->level != level)
			continue;
		finding_sentence(finding, sentence, sizeof(sentence));
		put_xml(out, sentence);
		putc('\n', out);
		for (size_t k = 0; k < finding->frame_count; k++) {
			finding_frame_text(sentence, sizeof(sentence), &finding->frames[k]);
			fputs("    ", out);
			put_xml(out, sentence);
			putc('\n', out);
		}
	}
}

static void put_line(FILE *out, const char *before, const char *text)
{
	fputs(before, out);
	put_xml(out, text);
	putc('\n', out);
}

static void put_baseline(FILE *out, const struct check_report *report)
{
	const struct baseline *baseline = report->baseline;
	char text[2048];

	put_line(out, "", baseline_sentence(text, sizeof(text), report));
	for (size_t i = 0; i < baseline->known.count; i++)
		if (baseline->known.sites[i].state == BASELINE_ALONE)
			put_line(out, "gone: ",
			         baseline_site_text(text, sizeof(text), &baseline->known.sites[i]));
	for (size_t i = 0; i < baseline->now.count; i++) {
		if (!baseline_grown(&baseline->now.sites[i]))
			continue;
		put_line(out, "grown: ",
		         baseline_site_text(text, sizeof(text), &baseline->now.sites[i]));
		put_line(out, "    ",
		         baseline_growth_text(text, sizeof(text), &baseline->now.sites[i]));
	}
}

/* Entries that allowed nothing: no failure, and nobody reads what a suite says beside its cases. */
static void put_allows(FILE *out, const struct check_report *report)
{
	char text[2048];
	bool any = false;

	fputs("    <testcase classname=\"vmatrace\" name=\"allow\" time=\"0.000\"", out);
	for (size_t i = 0; i < report->policy->allow_count; i++) {
		if (report->allowed[i])
			continue;
		put_line(out, any ? "" : ">\n      <system-out>",
		         unused_allow_text(text, sizeof(text), &report->policy->allows[i]));
		any = true;
	}
	fputs(any ? "</system-out>\n    </testcase>\n" : "/>\n", out);
}

static void put_case(FILE *out, const struct check_report *report, const struct rule *rule)
{
	struct rule_totals totals;
	/* What the baseline says of the run stands where its findings are. */
	bool baseline = report->baseline && rule == &rule_new_call_site;

	count_rule(report, rule, &totals);
	fprintf(out, "    <testcase classname=\"vmatrace\" name=\"%s\" time=\"0.000\"", rule->name);
	if (!totals.on) {
		fputs(">\n      <skipped message=\"the policy has this rule off\"/>\n"
		      "    </testcase>\n",
		      out);
		return;
	}
	if (is_skipped(&totals)) {
		fputs(">\n      <skipped message=\"not judged: ", out);
		put_xml(out, totals.unjudged);
		fputs("\"/>\n    </testcase>\n", out);
		return;
	}
	if (!totals.errors && !totals.warnings && !baseline) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (totals.errors) {
		fprintf(out,
		        "      <failure type=\"%s\" message=\"%" PRIu64 " error%s: ", rule->name,
		        totals.errors, totals.errors == 1 ? "" : "s");
		put_xml(out, rule->means);
		fputs("\">", out);
		put_sentences(out, report, rule, LEVEL_ERROR);
		fputs("fix: ", out);
		put_xml(out, rule->fix);
		fputs("</failure>\n", out);
	}
	if (totals.warnings || baseline) {
		fputs("      <system-out>", out);
		put_sentences(out, report, rule, LEVEL_WARNING);
		if (baseline)
			put_baseline(out, report);
		fputs("</system-out>\n", out);
	}
	fputs("    </testcase>\n", out);
}

/* What is missing fails the run only if the policy says so. */
static void put_completeness(FILE *out, const struct check_report *report)
{
	bool error = report->verdict.kind == VERDICT_INCOMPLETE;

	fputs("    <testcase classname=\"vmatrace\" name=\"complete\" time=\"0.000\"", out);
	if (!report->incomplete_count) {
		fputs("/>\n", out);
		return;
	}
	fputs(error ? ">\n      <error type=\"incomplete\" message=\"the trace does not hold "
	              "everything\">"
	            : ">\n      <system-out>",
	      out);
	for (size_t i = 0; i < report->incomplete_count; i++) {
		put_xml(out, report->incomplete[i]);
		putc('\n', out);
	}
	fputs(error ? "</error>\n" : "</system-out>\n", out);
	fputs("    </testcase>\n", out);
}

void check_junit(FILE *out, const struct check_report *report)
{
	uint64_t tests = 2, failures = 0, skipped = 0;
	uint64_t errors = report->verdict.kind == VERDICT_INCOMPLETE;

	for (const struct rule *const *rule = rules_all(); *rule; rule++) {
		struct rule_totals totals;

		count_rule(report, *rule, &totals);
		tests++;
		failures += totals.errors > 0;
		skipped += is_skipped(&totals);
	}
	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	        "<testsuites name=\"vmatrace check\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
	        "\" errors=\"%" PRIu64 "\" time=\"%.3f\">\n  <testsuite name=\"",
	        tests, failures, errors, report->seconds);
	put_xml(out, report->trace);
	fprintf(out,
	        "\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64
	        "\" skipped=\"%" PRIu64 "\" time=\"%.3f\">\n",
	        tests, failures, errors, skipped, report->seconds);
	put_completeness(out, report);
	put_allows(out, report);
	for (const struct rule *const *rule = rules_all(); *rule; rule++)
		put_case(out, report, *rule);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
