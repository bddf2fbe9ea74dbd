/*
 * check_text: a verdict for people: what it is, then what was found, worst first, each with what was called
 * where; after the findings of a rule what they mean, what to do, and the line that would allow them.
 */
#include <inttypes.h>
#include <string.h>

#include "check_report.h"
#include "core/call_table.h"
#include "core/rules.h"
#include "text.h"

enum { CALLERS = 4, LISTED = 10 };

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define GREEN "\033[1;32m"
#define PLAIN "\033[0m"

static const char *colour(const struct check_report *report, const char *code)
{
	return report->colored ? code : "";
}

static void put_count(FILE *out, uint64_t count, const char *one, const char *many)
{
	fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static void put_verdict(FILE *out, const struct check_report *report)
{
	static const char *const words[] = {
		[VERDICT_PASS] = "PASS",
		[VERDICT_FAIL] = "FAIL",
		[VERDICT_INCOMPLETE] = "INCOMPLETE",
	};
	const struct verdict *verdict = &report->verdict;

	fprintf(out, "%s%s%s: ", colour(report, verdict->kind == VERDICT_PASS ? GREEN : RED),
	        words[verdict->kind], colour(report, PLAIN));
	put_count(out, verdict->errors, "error", "errors");
	fputs(", ", out);
	put_count(out, verdict->warnings, "warning", "warnings");
	if (verdict->allowed)
		fprintf(out, ", %" PRIu64 " allowed", verdict->allowed);
	fputs(" in ", out);
	put_count(out, report->processes, "process", "processes");
	if (report->images > report->processes)
		fprintf(out, " (%" PRIu64 " program images)", report->images);
	fputs(" of '", out);
	print_escaped(out, report->trace);
	fputs("', by ", out);
	if (report->policy_name) {
		putc('\'', out);
		print_escaped(out, report->policy_name);
		fputs("'\n", out);
	} else {
		fputs("the default policy\n", out);
	}
	for (size_t i = 0; i < report->incomplete_count; i++) {
		fprintf(out, "  %s: ",
		        report->policy->incomplete == INCOMPLETE_FAIL
		                ? "incomplete"
		                : "incomplete (taken as it is)");
		fprintf(out, "%s\n", report->incomplete[i]);
	}
	for (size_t i = 0; i < report->unjudged_count; i++)
		if (!report->unjudged[i].incomplete)
			fprintf(out, "  not judged: %s: %s\n", report->unjudged[i].rule->name,
			        report->unjudged[i].why);
}

static void put_vma(FILE *out, const struct finding *finding)
{
	char prot[8], size[32];

	fprintf(out, "    VMA %" PRIx64 "-%" PRIx64 " %s%c %s ", finding->start, finding->end,
	        text_prot(prot, sizeof(prot), finding->prot), finding->shared ? 's' : 'p',
	        text_bytes(size, sizeof(size), finding->end - finding->start));
	print_escaped(out, *finding->name ? finding->name : "anonymous");
	putc('\n', out);
}

static void put_callers(FILE *out, const struct finding *finding)
{
	const char *separator = "    called by ";
	char text[512];

	for (size_t i = finding->site_frame + 1, shown = 0;
	     i < finding->frame_count && shown < CALLERS; i++) {
		const struct finding_frame *frame = &finding->frames[i];

		if (frame->runtime)
			continue;
		fprintf(out, "%s%s", separator, finding_frame_text(text, sizeof(text), frame));
		separator = " < ";
		shown++;
	}
	if (separator[0] == ' ' && separator[1] == '<')
		putc('\n', out);
}

static void put_finding(FILE *out, const struct check_report *report, const struct finding *finding)
{
	bool error = finding->policy->level == LEVEL_ERROR;
	char sentence[2048], fingerprint[32];

	finding_sentence(finding, sentence, sizeof(sentence));
	fprintf(out, "\n%s%s%s: %s: %s\n", colour(report, error ? RED : YELLOW),
	        rule_level_name(finding->policy->level), colour(report, PLAIN),
	        finding->policy->rule->name, sentence);
	put_callers(out, finding);
	if (finding->has_vma)
		put_vma(out, finding);
	fputs("    ", out);
	if (finding->has_event)
		fprintf(out, "first at @%" PRIu64 " of process %u", finding->event.seq,
		        finding->pid);
	else
		fprintf(out, "in process %u", finding->pid);
	if (finding->count > 1)
		fprintf(out, ", %" PRIu64 " times", finding->count);
	if (finding->processes > 1)
		fprintf(out, " in %" PRIu64 " processes", finding->processes);
	fprintf(out, ", id %s\n", finding_fingerprint(fingerprint, finding));
}

/*
 * In double quotes, as YAML takes it. The arguments of a C++ function say nothing that its name does not: a
 * star stands for them.
 */
static void put_glob(FILE *out, const char *name, const char *text)
{
	const char *arguments = text ? strchr(text, '(') : NULL;

	if (!text)
		return;
	fprintf(out, ", %s: \"", name);
	for (; *text; text++) {
		if (strchr("*?[\\", *text))
			fputs("\\\\", out);
		if (*text == '"')
			putc('\\', out);
		putc((unsigned char)*text < ' ' ? '?' : *text, out);
		if (text == arguments && text[1] && strncmp(text, "(anonymous", 10) != 0) {
			putc('*', out);
			break;
		}
	}
	putc('"', out);
}

static void put_advice(FILE *out, const struct finding *finding)
{
	const struct rule *rule = finding->policy->rule;
	const struct finding_frame *frame = finding_place(finding);

	fprintf(out, "\n  %s\n  fix: %s\n  allow: - {rule: %s", rule->means, rule->fix, rule->name);
	if (frame && frame->module) {
		put_glob(out, "module", base_name_of(frame->module));
		put_glob(out, "function", frame->function);
	}
	fputs(", reason: \"...\"}\n", out);
}

static void put_findings(FILE *out, const struct check_report *report)
{
	const struct findings *findings = report->findings;

	for (size_t i = 0; i < findings->count;) {
		const struct finding *first = NULL;
		uint64_t order = findings->items[i]->order;
		enum rule_level level = findings->items[i]->policy->level;
		uint64_t found = 0;

		for (; i < findings->count && findings->items[i]->order == order &&
		       findings->items[i]->policy->level == level;
		     i++) {
			if (findings->items[i]->allow)
				continue;
			first = first ? first : findings->items[i];
			if (!report->limit || found < report->limit)
				put_finding(out, report, findings->items[i]);
			found++;
		}
		if (report->limit && found > report->limit)
			fprintf(out, "\n... and %" PRIu64 " more of %s: -n 0 shows all\n",
			        found - report->limit, first->policy->rule->name);
		if (first)
			put_advice(out, first);
	}
}

static void put_allows(FILE *out, const struct check_report *report)
{
	const struct policy *policy = report->policy;
	char unused[2048];

	for (size_t i = 0; i < policy->allow_count; i++) {
		const struct policy_allow *allow = &policy->allows[i];

		fputs(i ? "  " : "\n  ", out);
		if (!report->allowed[i]) {
			fprintf(out, "%s\n", unused_allow_text(unused, sizeof(unused), allow));
			continue;
		}
		print_escaped(out, allow->source);
		fprintf(out, ":%u: allowed ", allow->line);
		put_count(out, report->allowed[i], "finding", "findings");
		if (allow->reason) {
			fputs(" (", out);
			print_escaped(out, allow->reason);
			putc(')', out);
		}
		putc('\n', out);
	}
}

static void put_baseline(FILE *out, const struct check_report *report)
{
	const struct baseline *baseline = report->baseline;
	char text[2048];

	fprintf(out, "\n  %s\n", baseline_sentence(text, sizeof(text), report));
	for (size_t i = 0, shown = 0; i < baseline->known.count && shown < LISTED; i++) {
		if (baseline->known.sites[i].state != BASELINE_ALONE)
			continue;
		fputs(shown++ ? "" : "  gone:\n", out);
		fprintf(out, "    %s\n",
		        baseline_site_text(text, sizeof(text), &baseline->known.sites[i]));
	}
	for (size_t i = 0, shown = 0; i < baseline->now.count && shown < LISTED; i++) {
		const struct baseline_site *now = &baseline->now.sites[i];

		if (!baseline_grown(now))
			continue;
		fputs(shown++ ? "" : "  grown:\n", out);
		fprintf(out, "    %s\n", baseline_site_text(text, sizeof(text), now));
		fprintf(out, "      %s\n", baseline_growth_text(text, sizeof(text), now));
	}
}

void check_text(FILE *out, const struct check_report *report)
{
	put_verdict(out, report);
	put_findings(out, report);
	put_allows(out, report);
	if (report->baseline)
		put_baseline(out, report);
}
