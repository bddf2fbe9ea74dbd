/*
 * check: a verdict for CI: policy and traces in, findings and an exit status out.
 */
#include "check.h"

#include <stdio.h>

#include "command.h"
#include "io/baseline_file.h"
#include "io/policy_file.h"
#include "io/suppressions.h"

static bool take_report_format(void *field, const char *value)
{
	const struct check_format **format = field;

	*format = check_format_named(value);
	return *format;
}

#define CHECK(field) offsetof(struct check_options, field)

static const struct option_row check_rows[] = {
	{ "policy", 0, 0, "FILE", "judge by this policy (YAML) instead of the default one",
	  take_text, CHECK(policy) },
	{ "baseline", 0, 0, "FILE", "call sites that are known: rule new-call-site", take_text,
	  CHECK(baseline) },
	{ "write-baseline", 0, 0, "FILE",
	  "store the call sites of this trace; judges only with --policy, and exits 0", take_text,
	  CHECK(write_baseline) },
	{ "suppressions", 0, 0, "FILE", "allow what lines RULE:PATTERN match, as LeakSanitizer's",
	  take_text, CHECK(suppressions) },
	{ "format", 0, 0, "text|json|sarif|junit|github", "how to print (text)", take_report_format,
	  CHECK(format) },
	{ "source-root", 0, 0, "DIR",
	  "the project's folder (here): findings are placed in files below it, by paths from it",
	  take_text, CHECK(source_root) },
	{ "limit", 'n', 0, "N", "text: at most N findings of a rule (10; 0: all)", take_number,
	  CHECK(limit) },
	{ "internal", 0, 0, NULL, "judge the recorder's own calls too", take_flag,
	  CHECK(internal) },
	{ "print-policy", 0, 0, NULL, "print the default policy", take_flag, CHECK(print_policy) },
	{ "list-rules", 0, 0, NULL, "print the rules, what they mean, how to fix a finding",
	  take_flag, CHECK(list_rules) },
	{ 0 },
};

int check_load_policy(struct policy *policy, const struct check_options *options)
{
	char error[POLICY_ERROR_BYTES];
	bool fine = options->policy ? policy_read(policy, options->policy, error)
	                            : policy_default(policy, error);

	if (fine && options->suppressions &&
	    !suppressions_read(policy, options->suppressions, error)) {
		policy_release(policy);
		fine = false;
	}
	return fine ? STATUS_FINE : complain(STATUS_USAGE, "%s", error);
}

int check_load_baseline(struct baseline *baseline, const struct check_options *options)
{
	char error[POLICY_ERROR_BYTES];

	return !options->baseline || baseline_read(baseline, options->baseline, error)
	               ? STATUS_FINE
	               : complain(STATUS_USAGE, "%s", error);
}

int cmd_check(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct check_options options = { .format = check_format_named("text"), .out = stdout };
	const struct option_group groups[] = {
		{ check_rows, &options, 0 },
		{ common_rows, &common, OPTION_PID },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace_set set = { 0 };
	struct policy policy;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	if (options.print_policy) {
		fputs(policy_default_text(), stdout);
		return STATUS_FINE;
	}
	if (options.list_rules) {
		check_list_rules(stdout);
		return STATUS_FINE;
	}
	/* A job that judges whatever trace is newest here would pass for the wrong reason. */
	if (!operands.count)
		return complain(STATUS_USAGE, "check: no trace given (vmatrace check --help)");
	status = check_load_policy(&policy, &options);
	if (status != STATUS_FINE)
		return status;
	status = trace_set_find(&set, &operands, &common);
	if (status == STATUS_FINE)
		status = check_judge(&set, &common, &options, &policy);
	trace_set_release(&set);
	policy_release(&policy);
	return status;
}
