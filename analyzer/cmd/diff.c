/*
 * diff: what changed between two moments of one run, or between two runs. Sites are held against each other
 * by their id (core/site_id.h), so that addresses, rebuilds and moved lines make no difference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/beside.h"
#include "command.h"
#include "diff_sides.h"
#include "options.h"
#include "symbols_lost.h"
#include "trace_set.h"

enum { LINES = 40 }; /* of sites, unless -n says otherwise */

/* --- both together ------------------------------------------------------------------------------------ */

static uint64_t grown(const struct diff_site *site)
{
	return site->new.bytes_live > site->old.bytes_live
	               ? site->new.bytes_live - site->old.bytes_live
	               : 0;
}

static uint64_t shrunk(const struct diff_site *site)
{
	return site->old.bytes_live > site->new.bytes_live
	               ? site->old.bytes_live - site->new.bytes_live
	               : 0;
}

/* The most grown first, the most shrunk behind them, then by calls. */
static int compare(const void *left, const void *right)
{
	const struct diff_site *a = left, *b = right;
	uint64_t a_calls = a->new.calls + a->old.calls, b_calls = b->new.calls + b->old.calls;

	if (grown(a) != grown(b))
		return grown(a) < grown(b) ? 1 : -1;
	if (shrunk(a) != shrunk(b))
		return shrunk(a) < shrunk(b) ? 1 : -1;
	if (a_calls != b_calls)
		return a_calls < b_calls ? 1 : -1;
	return (a->view->id > b->view->id) - (a->view->id < b->view->id);
}

static bool differs(const struct diff_site *site)
{
	return site->old.calls != site->new.calls || site->old.bytes_live != site->new.bytes_live ||
	       site->old.vmas_live != site->new.vmas_live;
}

/* NULL: out of memory. */
static struct diff_site *join(const struct side *old, const struct side *new, size_t *count)
{
	struct diff_site *sites = calloc(old->rows.count + new->rows.count + 1, sizeof(*sites));
	size_t found = 0;

	if (!sites)
		return NULL;
	for (size_t i = 0; i < new->rows.count; i++) {
		const struct site_row *row = &new->rows.rows[i];
		const struct site_row *before = site_rows_find(&old->rows, row->key);
		struct diff_site site = { .view = &row->view, .new = row->view.totals };

		if (before)
			site.old = before->view.totals;
		if (differs(&site))
			sites[found++] = site;
	}
	for (size_t i = 0; i < old->rows.count; i++) {
		const struct site_row *row = &old->rows.rows[i];

		if (!site_rows_find(&new->rows, row->key))
			sites[found++] =
				(struct diff_site) { .view = &row->view, .old = row->view.totals };
	}
	qsort(sites, found, sizeof(*sites), compare);
	*count = found;
	return sites;
}

static int print(const struct side *old, const struct side *new, const struct filter *filter,
                 const struct common_options *common)
{
	struct diff_report report = { .old = old->sums, .new = new->sums, .limit = LINES };
	struct diff_site *sites = join(old, new, &report.site_count);
	struct json json;

	if (!sites)
		return complain(STATUS_TRACE, "out of memory");
	report.sites = sites;
	if (filter->limit.given)
		report.limit = filter->limit.value ? filter->limit.value : SIZE_MAX;
	if (common->format == OUTPUT_TEXT) {
		diff_text(stdout, &report, options_colored(common));
	} else {
		json_begin(&json, stdout, common->format == OUTPUT_JSON ? JSON_ROWS : JSON_LINE);
		diff_json(&json, &report);
		json_end(&json);
	}
	free(sites);
	return STATUS_FINE;
}

/* --- what is asked for -------------------------------------------------------------------------------- */

/* No path, and no file of that name is here. */
static bool is_span(const char *text)
{
	return strstr(text, "..") && !strchr(text, '/') && access(text, F_OK) != 0;
}

/* "WHEN..WHEN" in two; false if it is none. *copy is the caller's to free, and holds both texts. */
static bool parse_span(const char *text, char **copy, struct when *from, struct when *to)
{
	char *dots;

	*copy = strdup(text);
	dots = *copy ? strstr(*copy, "..") : NULL;
	if (!dots)
		return false;
	*dots = '\0';
	from->given = to->given = true;
	return when_parse(from, *copy) && when_parse(to, dots + 2);
}

/* One side, on its own: it has its trace, its symbols and its rows for itself. */
struct gathering_side {
	struct side *side;
	const char *name;
	const struct trace_set *set;
	const struct when *at;
	const struct common_options *common;
	int status;
	char *said; /* what there is to complain of; NULL: nothing, or it was said at once */
};

static void gather_side(void *context)
{
	struct gathering_side *gathering = context;
	size_t bytes;
	FILE *held = open_memstream(&gathering->said, &bytes);

	complain_to(held);
	gathering->status = side_gather(gathering->side, gathering->name, gathering->set,
	                                gathering->at, gathering->common);
	complain_to(NULL);
	if (held)
		fclose(held);
}

/* Line by line, but what was said before. */
static void say(const char *lines, const char *before)
{
	char *copy = lines ? strdup(lines) : NULL, *rest = copy;

	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		size_t length = strlen(line);
		const char *found = before ? strstr(before, line) : NULL;

		if (!found || found[length] != '\n')
			fprintf(stderr, "%s\n", line);
	}
	free(copy);
}

/*
 * Both at once: each is a replay. What they have to say is said behind them, the old side's first; where that cannot be
 * had, as by one mark that is not there, the new side's is left for the next time.
 */
static int gather_both(struct gathering_side *old, struct gathering_side *new)
{
	struct beside beside;

	beside_start(&beside, gather_side, old);
	gather_side(new);
	beside_end(&beside);
	say(old->said, NULL);
	if (old->status == STATUS_FINE)
		say(new->said, old->said);
	free(old->said);
	free(new->said);
	return old->status != STATUS_FINE ? old->status : new->status;
}

/* Of the process of each side that is open still. */
static char *lost_of(const struct side *side, const struct common_options *common)
{
	char *lines = NULL;
	size_t bytes;
	FILE *held = open_memstream(&lines, &bytes);

	complain_to(held);
	symbols_lost_say(side->rows.symbols, side->rows.trace, common);
	complain_to(NULL);
	if (held)
		fclose(held);
	return lines;
}

static void say_lost(const struct side *old, const struct side *new,
                     const struct common_options *common)
{
	char *of_old = lost_of(old, common), *of_new = lost_of(new, common);

	say(of_old, NULL);
	say(of_new, of_old);
	free(of_old);
	free(of_new);
}

static bool needs_replay(const struct when *when)
{
	return when->kind == WHEN_PEAK || when->kind == WHEN_PEAK_VMAS;
}

static int two_moments(const struct operands *operands, const struct when *from,
                       const struct when *to, const struct common_options *common, struct side *old,
                       struct side *new)
{
	const struct operands rest = { operands->count - 1, operands->item + 1 };
	struct trace_set set = { 0 };
	int status = trace_set_find(&set, &rest, common);

	/* To find two peaks are two replays: they had better be at once. */
	if (status == STATUS_FINE && needs_replay(from) && needs_replay(to))
		status = gather_both(&(struct gathering_side) { old, from->text, &set, from, common,
		                                                STATUS_FINE, NULL },
		                     &(struct gathering_side) { new, to->text, &set, to, common,
		                                                STATUS_FINE, NULL });
	else if (status == STATUS_FINE)
		status = sides_gather_moments(old, new, &set, from, to, common);
	trace_set_release(&set);
	return status;
}

static int two_runs(const struct operands *operands, const struct common_options *common,
                    struct side *old, struct side *new)
{
	const struct operands one = { 1, operands->item }, other = { 1, operands->item + 1 };
	const struct when end = { .kind = WHEN_END };
	struct trace_set old_set = { 0 }, new_set = { 0 };
	int status = trace_set_find(&old_set, &one, common);

	if (status == STATUS_FINE)
		status = trace_set_find(&new_set, &other, common);
	if (status == STATUS_FINE)
		status = gather_both(&(struct gathering_side) { old, operands->item[0], &old_set,
		                                                &end, common, STATUS_FINE, NULL },
		                     &(struct gathering_side) { new, operands->item[1], &new_set,
		                                                &end, common, STATUS_FINE, NULL });
	trace_set_release(&old_set);
	trace_set_release(&new_set);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct filter filter = { 0 };
	const struct option_group groups[] = {
		{ filter_rows, &filter, FILTER_LIMIT },
		{ common_rows, &common, OPTION_FORMAT | OPTION_PID | OPTION_SYMBOLS },
		{ NULL, NULL, 0 },
	};
	struct side old = { 0 }, new = { 0 };
	struct when from = { 0 }, to = { 0 };
	struct operands operands;
	char *copy = NULL;
	int status;

	if (!options_parse(argc, argv, groups, &operands, &status))
		return status;
	/* Two sides, and each keeps its sites until both are there. */
	common.symbols.at_once = 4;
	if (operands.count && is_span(operands.item[0]))
		status = parse_span(operands.item[0], &copy, &from, &to)
		                 ? two_moments(&operands, &from, &to, &common, &old, &new)
		                 : complain(STATUS_USAGE, "'%s': expected WHEN..WHEN",
		                            operands.item[0]);
	else if (operands.count == 2)
		status = two_runs(&operands, &common, &old, &new);
	else
		status = complain(STATUS_USAGE, "expected WHEN..WHEN [TRACE], or two traces");
	if (status == STATUS_FINE)
		status = print(&old, &new, &filter, &common);
	if (status == STATUS_FINE)
		say_lost(&old, &new, &common);
	site_rows_release(&old.rows);
	site_rows_release(&new.rows);
	free(copy);
	return status;
}
