/*
 * leaks: what was mapped and never unmapped, shm objects never unlinked, threads never joined.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/findings.h"
#include "core/rules.h"
#include "io/shm_folder.h"
#include "io/suppressions.h"
#include "leak_gather.h"
#include "options.h"
#include "symbols_lost.h"
#include "trace_set.h"

enum { LINES = 20 }; /* of each class, unless -n says otherwise */

struct leaks_options {
	bool fail;
	const char *suppressions;
};

static const struct option_row leaks_rows[] = {
	{ "fail", 0, 0, NULL, "exit with 1 if the program leaked anything", take_flag,
	  offsetof(struct leaks_options, fail) },
	{ "suppressions", 0, 0, "FILE",
	  "leave out what its lines leak:PATTERN and shm:PATTERN name", take_text,
	  offsetof(struct leaks_options, suppressions) },
	{ 0 },
};

/* Lines of a suppression file, and how often each was of use. */
struct suppressed {
	struct policy policy; /* its allow entries alone */
	uint64_t *used;
};

static int read_suppressions(const char *path, struct suppressed *suppressed)
{
	char error[POLICY_ERROR_BYTES];

	*suppressed = (struct suppressed) { 0 };
	if (path && !suppressions_read(&suppressed->policy, path, error))
		return complain(STATUS_USAGE, "%s", error);
	suppressed->used = calloc(suppressed->policy.allow_count + 1, sizeof(*suppressed->used));
	return suppressed->used ? STATUS_FINE : complain(STATUS_TRACE, "out of memory");
}

static void suppressed_release(struct suppressed *suppressed)
{
	policy_release(&suppressed->policy);
	free(suppressed->used);
}

static bool matches(const struct policy_allow *allow, const struct site_view *site)
{
	const struct frame *frames;
	size_t count = site_view_frames(site, &frames);

	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = &frames[i];
		const struct finding_frame place = {
			.module = frame->module,
			.function = frame->function,
			.file = frame->file,
			.path = frame->path,
		};

		if (allow_matches_frame(allow, &place))
			return true;
	}
	return false;
}

/* The pattern of the first line of that rule that names the site; NULL: none. Each that does is of use. */
static const char *suppressed_by(struct suppressed *suppressed, const struct rule *rule,
                                 const struct site_view *site)
{
	const char *pattern = NULL;

	for (size_t i = 0; i < suppressed->policy.allow_count; i++) {
		const struct policy_allow *allow = &suppressed->policy.allows[i];

		if (allow->rule != rule || !matches(allow, site))
			continue;
		suppressed->used[i]++;
		pattern = pattern ? pattern : allow->pattern;
	}
	return pattern;
}

static void add_row(struct leak_report *report, const struct site_row *row,
                    const struct leak_threads *threads, struct suppressed *suppressed)
{
	const struct site_totals *totals = &row->view.totals;
	struct leak_row *leak = &report->rows[report->row_count++];

	leak->site = &row->view;
	leak->class = (enum leak_class)row->category;
	leak->suppressed_by = suppressed_by(suppressed, &rule_leaked_mapping, &row->view);
	if (leak->class == LEAK_THREAD_STACK)
		leak->threads = leak_threads_of(threads, row->key, &leak->thread_count);
	if (leak->class == LEAK_THREAD_STACK && leak->suppressed_by)
		report->stacks.unjoined = report->stacks.unjoined_bytes = 0;
	if (leak->class != LEAK_PROGRAM)
		return;
	if (leak->suppressed_by) {
		report->accounts.suppressed += totals->bytes_live;
		return;
	}
	report->leaked_bytes += totals->bytes_live;
	report->leaked_vmas += totals->vmas_live;
}

/*
 * Objects that are there still, or that were removed: those of the report come first in the gathering, whose they are to
 * release all the same.
 */
static void add_shm(struct leak_report *report, struct leak_gathering *gathering,
                    struct suppressed *suppressed, const struct site_view **sites,
                    struct shm_folder *folder, bool removed)
{
	for (size_t i = report->shm_count + report->shm_removed; i < gathering->names.count; i++) {
		struct shm_name *name = &gathering->names.items[i], *to;
		const struct site_view *site = &gathering->shm_sites.rows[name->tag].view;
		struct shm_name kept = *name;

		if (kept.removed != removed)
			continue;
		if (suppressed_by(suppressed, &rule_leaked_shm, site)) {
			report->shm_suppressed += !removed;
			continue;
		}
		to = &gathering->names.items[report->shm_count + report->shm_removed];
		*name = *to;
		*to = kept;
		/* Removed as a file, and nobody met the name afterwards: then no trace tells. */
		to->gone_now = to->of_this_boot &&
		               shm_folder_lost(folder, to->name, to->device, to->inode);
		report->shm_gone += !removed && to->gone_now;
		sites[report->shm_count + report->shm_removed] = site;
		if (removed)
			report->shm_removed++;
		else
			report->shm_count++;
	}
}

/* False: out of memory. */
static bool make_report(struct leak_gathering *gathering, struct suppressed *suppressed,
                        struct leak_report *report)
{
	const struct site_rows *rows = &gathering->rows;
	const struct site_view **shm_sites;
	struct shm_folder folder = { 0 };

	site_rows_sort(&gathering->rows, ORDER_LIVE);
	if (!shm_names_finish(&gathering->names))
		return false;
	leak_threads_sort(&gathering->threads);
	*report = (struct leak_report) {
		.rows = calloc(rows->count + 1, sizeof(*report->rows)),
		.shm = gathering->names.items,
		.accounts = gathering->accounts,
		.stacks = gathering->stacks,
	};
	shm_sites = calloc(gathering->names.count + 1, sizeof(*shm_sites));
	report->shm_sites = shm_sites;
	if (!report->rows || !shm_sites)
		return false;
	add_shm(report, gathering, suppressed, shm_sites, &folder, false);
	add_shm(report, gathering, suppressed, shm_sites, &folder, true);
	shm_folder_release(&folder);
	for (unsigned class = 0; class < LEAK_CLASSES; class ++) {
		for (size_t i = 0; i < rows->count; i++) {
			if (rows->rows[i].category == class)
				add_row(report, &rows->rows[i], &gathering->threads, suppressed);
		}
	}
	return true;
}

static void say_unused(const struct suppressed *suppressed, const char *path)
{
	uint64_t others = 0;

	for (size_t i = 0; i < suppressed->policy.allow_count; i++) {
		const struct policy_allow *allow = &suppressed->policy.allows[i];

		if (allow->rule != &rule_leaked_mapping && allow->rule != &rule_leaked_shm)
			others++;
		else if (!suppressed->used[i])
			complain(STATUS_FINE, "%s:%u: %s:%s suppresses nothing", path, allow->line,
			         allow->rule->short_name, allow->pattern);
	}
	if (others)
		complain(STATUS_FINE, "%s: %" PRIu64 " lines of other rules left to check", path,
		         others);
}

static int gather_all(struct leak_gathering *gathering, const struct trace_set *set)
{
	int status = set->unreadable ? STATUS_TRACE : STATUS_FINE;

	for (size_t i = 0; i < set->count; i++) {
		struct trace *trace = trace_set_open(set, i);
		int one = trace ? leak_gather(gathering, trace, i + 1 < set->count) : STATUS_TRACE;

		status = one > status ? one : status;
	}
	return status;
}

static void print(const struct leak_report *report, const struct common_options *common)
{
	struct json json;

	if (common->format == OUTPUT_TEXT) {
		leaks_text(stdout, report, options_colored(common));
		return;
	}
	json_begin(&json, stdout, common->format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
	leaks_json(&json, report);
	json_end(&json);
}

int cmd_leaks(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	struct leaks_options options = { 0 };
	const struct option_group groups[] = {
		{ leaks_rows, &options, 0 },
		{ filter_rows, &filter, FILTER_LIMIT | FILTER_INTERNAL },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct leak_gathering gathering = { 0 };
	struct leak_report report = { 0 };
	struct suppressed suppressed;
	struct trace_set set = { 0 };
	struct operands operands;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	status = read_suppressions(options.suppressions, &suppressed);
	if (status == STATUS_FINE)
		status = trace_set_find(&set, &operands, &common);
	if (status != STATUS_FINE) {
		suppressed_release(&suppressed);
		return status;
	}
	gathering.sources = &common.symbols;
	gathering.internal = filter.internal;
	gathering.rows.common = &common;
	status = gather_all(&gathering, &set);
	trace_set_release(&set);
	if (make_report(&gathering, &suppressed, &report)) {
		report.limit = filter.limit.given ? filter.limit.value : LINES;
		print(&report, &common);
	} else {
		status = complain(STATUS_TRACE, "out of memory");
	}
	if (!common.quiet)
		say_unused(&suppressed, options.suppressions);
	if (status == STATUS_FINE && options.fail &&
	    (report.leaked_bytes || report.shm_count > report.shm_gone || report.stacks.unjoined))
		status = STATUS_FINDINGS;
	free(report.rows);
	free((void *)report.shm_sites);
	symbols_lost_say(gathering.rows.symbols, gathering.rows.trace, &common);
	leak_gathering_release(&gathering);
	suppressed_release(&suppressed);
	return status;
}
