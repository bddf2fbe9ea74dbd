/*
 * budget_text: what failed first, then who it was that used up what.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "budget_report.h"
#include "core/call_table.h"
#include "sparkline.h"
#include "site_apart.h"
#include "text.h"
#include "timeline_text.h"

/* at_start: what the limit was when recording began. */
static void of_limit(FILE *out, const char *what, uint64_t used, uint64_t asked, uint64_t limit,
                     uint64_t at_start, enum limits_known known)
{
	char used_text[32], asked_text[32], limit_text[32], start_text[32];

	fprintf(out, "%s: %s in use, %s more asked for, the limit %s %s", what,
	        text_bytes(used_text, sizeof(used_text), used),
	        text_bytes(asked_text, sizeof(asked_text), asked),
	        known == LIMITS_AT_CALL ? "is" : "at the start was",
	        text_bytes(limit_text, sizeof(limit_text), limit));
	if (known != LIMITS_AT_CALL)
		fputs(", which may have been changed since", out);
	else if (at_start == UINT64_MAX)
		fputs(", set since the start", out);
	else if (at_start != limit)
		fprintf(out, ", at the start it was %s",
		        text_bytes(start_text, sizeof(start_text), at_start));
}

static void overcommit(FILE *out, const struct shortage_facts *facts,
                       const struct shortage_limits *limits)
{
	char asked[32], limit[32], used[32];

	text_bytes(asked, sizeof(asked), facts->asked);
	if (limits->overcommit == OVERCOMMIT_GUESS)
		fprintf(out,
		        "overcommit: %s at once are more than the machine's %s of RAM and swap "
		        "(vm.overcommit_memory 0)",
		        asked, text_bytes(limit, sizeof(limit), limits->memory));
	else
		fprintf(out,
		        "overcommit: %s more asked for; all processes together may have %s and "
		        "had %s when recording began (vm.overcommit_memory 2)",
		        asked, text_bytes(limit, sizeof(limit), limits->commit_limit),
		        text_bytes(used, sizeof(used), limits->committed));
}

static void reason(FILE *out, const struct budget_failure *failure,
                   const struct shortage_limits *start)
{
	const struct shortage_limits *limits = &failure->limits;
	const struct shortage_facts *facts = &failure->facts;
	enum limits_known known = failure->limits_known;
	char number[32], limit[32], bytes[32];

	switch (failure->shortage) {
	case SHORTAGE_VMAS:
		fprintf(out, "VMAs: %s of %s (vm.max_map_count)", text_grouped(number, facts->vmas),
		        text_grouped(limit, limits->max_map_count));
		break;
	case SHORTAGE_AS:
		of_limit(out, "RLIMIT_AS", facts->mapped, facts->asked, limits->as, start->as,
		         known);
		break;
	case SHORTAGE_DATA:
		of_limit(out, "RLIMIT_DATA", facts->data, facts->asked, limits->data, start->data,
		         known);
		break;
	case SHORTAGE_MEMLOCK:
		of_limit(out, "RLIMIT_MEMLOCK", facts->locked, facts->asked, limits->memlock,
		         start->memlock, known);
		break;
	case SHORTAGE_HOLE:
		fprintf(out, "nothing is mapped at 0x%" PRIx64, facts->hole);
		break;
	case SHORTAGE_SIZE:
		fprintf(out, "%s are more than the address space",
		        text_bytes(bytes, sizeof(bytes), facts->asked));
		break;
	case SHORTAGE_OVERCOMMIT:
		overcommit(out, facts, limits);
		break;
	default:
		fputs(known == LIMITS_AT_CALL
		              ? "none of the process's limits explains it: a cgroup?"
		              : "none of the limits at the start explains it: a cgroup, or a limit "
		                "set since",
		      out);
		break;
	}
}

static void more(FILE *out, size_t count, size_t limit)
{
	if (count > limit)
		fprintf(out, "and %zu more call site%s: -n 0 shows all\n", count - limit,
		        count - limit == 1 ? "" : "s");
}

static void failure_line(FILE *out, const struct budget_failure *failure,
                         const struct shortage_limits *start, const struct site_apart *apart,
                         size_t i)
{
	char spare[16], number[32];

	fprintf(out, "failed  %s %s: ", call_name(failure->call.call),
	        errno_name(failure->error, spare));
	print_site(out, failure->site);
	fputs("  ", out);
	reason(out, failure, start);
	fprintf(out, "  (@%" PRIu64, failure->call.seq);
	if (failure->count > 1)
		fprintf(out, " and %s more", text_grouped(number, failure->count - 1));
	putc(')', out);
	print_site_apart(out, apart, i);
	putc('\n', out);
}

static void failures(FILE *out, const struct budget_report *report)
{
	size_t count =
		report->failure_count < report->limit ? report->failure_count : report->limit;
	const struct site_view **sites = calloc(count + 1, sizeof(const struct site_view *));
	struct site_apart apart = { 0 };

	for (size_t i = 0; sites && i < count; i++)
		sites[i] = report->failures[i].site;
	if (!sites || !site_apart_init(&apart, sites, count))
		fputs("  out of memory\n", out);
	for (size_t i = 0; i < count; i++)
		failure_line(out, &report->failures[i], &report->limits, &apart, i);
	if (report->failure_count > count)
		fputs("failed  ... ", out);
	more(out, report->failure_count, count);
	site_apart_release(&apart);
	free(sites);
}

static void list(FILE *out, const char *title, const struct site_view *const *sites, size_t count,
                 size_t limit, bool splits)
{
	char number[32], calls[32];

	struct site_apart apart;

	if (!count)
		return;
	if (!site_apart_init(&apart, sites, count < limit ? count : limit))
		fputs("  out of memory\n", out);
	fprintf(out, "%s\n", title);
	for (size_t i = 0; i < count && i < limit; i++) {
		const struct site_totals *totals = &sites[i]->totals;

		fprintf(out, "%9s  by %s call%s of %s  ",
		        text_grouped(number, splits ? totals->splits : totals->vmas_live),
		        text_grouped(calls, totals->calls), totals->calls == 1 ? "" : "s",
		        sites[i]->call);
		print_site(out, sites[i]);
		print_site_apart(out, &apart, i);
		putc('\n', out);
	}
	site_apart_release(&apart);
	if (count > limit)
		fprintf(out, "%9s  ", "...");
	more(out, count, limit);
}

static void curve(FILE *out, const struct budget_report *report, bool utf8)
{
	char time[32];

	fputs("VMAs    ", out);
	sparkline(out, report->samples, BUDGET_SAMPLES, utf8);
	fprintf(out, "  over %s\n", text_duration(time, sizeof(time), report->end_ns));
	if (report->grows)
		fprintf(out, "growing: as in the second half it would reach the limit in %s\n",
		        text_duration(time, sizeof(time), report->reached_ns));
}

void budget_text(FILE *out, const struct budget_report *report, bool utf8, bool colored)
{
	const struct vmat_header *header = report->header;
	const char *slash = strrchr(header->exe, '/');
	char peak[32], limit[32], end[32], time[32];
	uint64_t held = report->holder_count ? report->holders[0]->totals.vmas_live : 0;
	uint64_t split = report->splitter_count ? report->splitters[0]->totals.splits : 0;

	fputs(colored ? "\033[1m" : "", out);
	print_escaped(out, slash ? slash + 1 : header->exe);
	fprintf(out, " (%" PRIu32 ")%s: %s VMAs at the most, ", header->pid,
	        colored ? "\033[0m" : "", text_grouped(peak, report->peak));
	if (report->limits.max_map_count)
		fprintf(out, "%.3g%% of the %s that vm.max_map_count allows, ",
		        100.0 * (double)report->peak / (double)report->limits.max_map_count,
		        text_grouped(limit, report->limits.max_map_count));
	fprintf(out, "at %s; %s at the end\n", text_duration(time, sizeof(time), report->peak_ns),
	        text_grouped(end, report->end));
	if (report->kernel_end > report->end)
		fprintf(out,
		        "the kernel listed %s in the last snapshot: it keeps apart more than "
		        "calls alone tell\n",
		        text_grouped(end, report->kernel_end));
	failures(out, report);
	curve(out, report, utf8);
	/* Where the pieces were made by splitting, who split them is the answer. */
	if (2 * split >= held)
		list(out, "split", report->splitters, report->splitter_count, report->limit, true);
	list(out, "held", report->holders, report->holder_count, report->limit, false);
	if (2 * split < held)
		list(out, "split", report->splitters, report->splitter_count, report->limit, true);
}
