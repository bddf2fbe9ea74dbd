/*
 * verify: how far the replay can be trusted. Holds it against every snapshot of the kernel's own
 * list and says what each number of the result means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/verify.h"
#include "options.h"
#include "render/info.h"
#include "render/json.h"
#include "render/text.h"
#include "trace_set.h"
#include "vmatrace/trace_format.h"

/* What the numbers of one process are spelled from. */
struct verified {
	const struct verify_result *result;
	const struct trace_counts *counts;
	const struct vmat_header *header;
	uint32_t pid; /* of one process among several; 0: the only one */
};

static void print_json(struct json *json, const struct verified *verified)
{
	const struct walk_totals *totals = &verified->result->totals;

	json_object(json);
	json_member_number(json, "schema", 1);
	if (verified->pid)
		json_member_number(json, "pid", verified->pid);
	json_member_number(json, "checkpoints", totals->checkpoints);
	json_member_number(json, "matched", totals->matched);
	json_member_number(json, "unexplained_vmas", totals->unexplained_vmas);
	json_member_number(json, "implicit_changes", totals->implicit_changes);
	json_member_number(json, "racy", totals->racy);
	json_member_number(json, "events", verified->counts->events);
	json_member_number(json, "lost", verified->counts->lost);
	json_object_end(json);
}

static void print_number(const char *name, uint64_t number, const char *meaning)
{
	printf("  %-17s %9llu  %s\n", name, (unsigned long long)number, meaning);
}

static void print_causes(const struct verify_result *result)
{
	const char *separator = "of these: ";

	for (size_t i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
		if (!result->explained[i])
			continue;
		printf("%s%*s%s%llu %s", *separator == 'o' ? "  " : "", *separator == 'o' ? 29 : 0,
		       "", separator, (unsigned long long)result->explained[i],
		       i == CAUSE_UNEXPLAINED ? "unexplained"
		                              : implicit_cause_name((enum implicit_cause)i));
		separator = ", ";
	}
	if (*separator == ',')
		putchar('\n');
}

static void print_mismatches(const struct verify_result *result)
{
	char time[32];

	for (size_t i = 0; i < result->mismatches && i < VERIFY_MISMATCH_LIMIT; i++)
		printf("  snapshot %u, at %s, does not match: %u unexplained VMA%s\n",
		       result->mismatch[i].snapshot,
		       text_duration(time, sizeof(time), result->mismatch[i].time_ns),
		       result->mismatch[i].unexplained,
		       result->mismatch[i].unexplained == 1 ? "" : "s");
	if (result->mismatches > VERIFY_MISMATCH_LIMIT)
		printf("  ... and %zu more snapshots\n",
		       result->mismatches - VERIFY_MISMATCH_LIMIT);
}

/* Why there is something left to explain: nobody could see it. */
static void print_coverage(const struct verified *verified)
{
	uint32_t unseen = verified->result->totals.unexplained_vmas;

	if (verified->header->layers & VMAT_LAYER_SITES) {
		printf("  Calls that libc and the loader make inside themselves were seen "
		       "(sites).\n");
		return;
	}
	printf("  Only the program's own calls were seen, no system-call sites of libc (%s):\n",
	       info_sites_off(verified->header->sites_off));
	if (unseen)
		printf("  libc and the loader changed %u VMA%s unseen; a snapshot showed them "
		       "afterwards.\n",
		       unseen, unseen == 1 ? "" : "s");
	else
		printf("  what libc and the loader did inside themselves left nothing that a "
		       "snapshot shows.\n");
}

static void print_text(const struct verified *verified)
{
	const struct verify_result *result = verified->result;
	const struct walk_totals *totals = &result->totals;
	static const char *const verdicts[] = {
		[VERIFY_MATCHED] = "the replay equals the kernel's list at every checkpoint",
		[VERIFY_MISMATCH] = "the replay and the kernel do not agree",
		[VERIFY_NO_BASE] = "nothing can be said: no snapshot survives to replay from",
	};

	print_escaped(stdout, verified->header->exe);
	printf(" (%u): %s\n", verified->header->pid, verdicts[result->verdict]);
	print_number("checkpoints", totals->checkpoints,
	             "snapshots that the replay was held against");
	print_number("matched", totals->matched,
	             "of them equal the replay, but for explained changes and racy VMAs");
	print_number("unexplained VMAs", totals->unexplained_vmas,
	             "VMAs that a snapshot or a call shows otherwise, and no call seen explains");
	print_number("implicit changes", totals->implicit_changes,
	             "changes taken from snapshots because no event made them");
	print_causes(result);
	print_number("racy", totals->racy,
	             "VMAs and calls left out: they changed while they were looked at");
	print_number("events", verified->counts->events, "calls that survive in the trace");
	print_number("lost", verified->counts->lost,
	             "calls overwritten, torn or dropped; loss alone is no failure");
	if (totals->impossible)
		print_number(
			"impossible", totals->impossible,
			"calls that cannot have done what they say: one before them is missing");
	if (totals->undecided)
		print_number(
			"undecided", totals->undecided,
			"ranges that calls under way when the first list was read may have changed "
			"before it: too many at once");
	print_mismatches(result);
	if (result->verdict != VERIFY_NO_BASE)
		print_coverage(verified);
}

static int status_of(enum verify_verdict verdict)
{
	static const int statuses[] = {
		[VERIFY_MATCHED] = STATUS_FINE,
		[VERIFY_MISMATCH] = STATUS_FINDINGS,
		[VERIFY_NO_BASE] = STATUS_TRACE,
		[VERIFY_NO_MEMORY] = STATUS_TRACE,
	};

	return statuses[verdict];
}

/* One process of the set; json is NULL for text. */
static int verify_one(const struct trace_set *set, size_t index, struct json *json)
{
	struct trace *trace = trace_set_open(set, index);
	struct verify_result result;
	struct walk_input input;
	struct verified verified = { .result = &result };

	if (!trace)
		return STATUS_TRACE;
	verified.counts = trace_counts(trace);
	verified.header = trace_header(trace);
	verified.pid = set->count > 1 ? verified.header->pid : 0;
	if (trace_walk_input(trace, &input))
		verify_run(&input, &result);
	else
		result.verdict = VERIFY_NO_MEMORY;
	if (result.verdict == VERIFY_NO_MEMORY)
		complain(STATUS_TRACE, "cannot replay '%s': out of memory", trace_path(trace));
	else if (json)
		print_json(json, &verified);
	else
		print_text(&verified);
	trace_close(trace);
	return status_of(result.verdict);
}

static int verify_all(const struct trace_set *set, enum output_format format)
{
	bool array = format == OUTPUT_JSON && set->count > 1;
	int worst = STATUS_FINE;
	struct json json;

	json_begin(&json, stdout, array ? JSON_ROWS : JSON_LINE);
	if (array)
		json_array(&json);
	for (size_t i = 0; i < set->count; i++) {
		int status = verify_one(set, i, format == OUTPUT_TEXT ? NULL : &json);

		/* "Cannot say" is worse than a mismatch, as in the list of statuses. */
		worst = status > worst ? status : worst;
		if (format == OUTPUT_JSONL || (format == OUTPUT_JSON && !array))
			json_end(&json);
	}
	if (array) {
		json_array_end(&json);
		json_end(&json);
	}
	return worst;
}

int cmd_verify(int argc, char **argv)
{
	struct common_options common = { 0 };
	const struct option_group groups[] = {
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID },
		{ NULL, NULL, 0 },
	};
	struct operands operands;
	struct trace_set set = { 0 };
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = trace_set_find(&set, &operands, &common);
	if (status == STATUS_FINE) {
		status = verify_all(&set, common.format);
		if (set.unreadable && status < STATUS_TRACE)
			status = STATUS_TRACE;
	}
	trace_set_release(&set);
	return status;
}
