/*
 * check_baseline: what reports of all formats say of the baseline, and of entries of the policy that allowed
 * nothing: what is no finding, and is to be known all the same.
 */
#include <inttypes.h>
#include <string.h>

#include "check_report.h"
#include "text.h"

enum { CALLERS = 4 };

struct baseline_totals baseline_totals_of(const struct baseline *baseline)
{
	struct baseline_totals totals = { 0 };

	for (size_t i = 0; i < baseline->now.count; i++) {
		totals.fresh += baseline->now.sites[i].state == BASELINE_ALONE;
		totals.grown += baseline_grown(&baseline->now.sites[i]);
	}
	for (size_t i = 0; i < baseline->known.count; i++) {
		totals.gone += baseline->known.sites[i].state == BASELINE_ALONE;
		totals.altered += baseline->known.sites[i].state == BASELINE_ALTERED;
	}
	return totals;
}

char *baseline_sentence(char *text, size_t bytes, const struct check_report *report)
{
	struct baseline_totals totals = baseline_totals_of(report->baseline);
	char name[512], altered[96] = "";

	text_escaped(name, sizeof(name), report->baseline_name);
	if (totals.altered)
		snprintf(altered, sizeof(altered), ", %" PRIu64 " with other functions in between",
		         totals.altered);
	snprintf(text, bytes,
	         "baseline '%s': %zu call sites known; %" PRIu64 " new, %" PRIu64 " gone, %" PRIu64
	         " grown%s",
	         name, report->baseline->known.count, totals.fresh, totals.gone, totals.grown,
	         altered);
	return text;
}

char *baseline_site_text(char *text, size_t bytes, const struct baseline_site *site)
{
	size_t used = (size_t)snprintf(text, bytes, "%s", site->call);

	for (size_t i = 0; i < site->chain_count && i < CALLERS && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? " < " : " ",
		                         site->chain[i]);
	if (site->chain_count > CALLERS && used < bytes)
		snprintf(text + used, bytes - used, " < ...");
	return text;
}

char *baseline_growth_text(char *text, size_t bytes, const struct baseline_site *now)
{
	char size[32], granted[32];

	snprintf(text, bytes, "%" PRIu64 " calls where %" PRIu64 " were granted, %s where %s were",
	         now->calls, now->granted_calls, text_bytes(size, sizeof(size), now->bytes),
	         text_bytes(granted, sizeof(granted), now->granted_bytes));
	return text;
}

const char *finding_baseline_state(const struct check_report *report, const struct finding *finding)
{
	const struct baseline_site *site;

	if (!report->baseline || !finding->site)
		return NULL;
	site = site_list_find(&report->baseline->now, finding->site);
	if (!site)
		return NULL;
	if (site->state == BASELINE_ALONE)
		return "new";
	return site->state == BASELINE_ALTERED || baseline_grown(site) ||
	                       site->places > site->granted_places
	               ? "updated"
	               : "unchanged";
}

char *unused_allow_text(char *text, size_t bytes, const struct policy_allow *allow)
{
	char source[512], reason[512] = "";

	text_escaped(source, sizeof(source), allow->source);
	if (allow->reason)
		text_escaped(reason, sizeof(reason), allow->reason);
	snprintf(text, bytes, "%s:%u: allowed nothing: unused, it can go%s%s%s", source,
	         allow->line, allow->reason ? " (" : "", reason, allow->reason ? ")" : "");
	return text;
}
