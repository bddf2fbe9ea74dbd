/*
 * diff_report: see the header.
 */
#include "diff_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "site_apart.h"
#include "text.h"
#include "timeline_text.h"

const char *diff_site_state(const struct diff_site *site)
{
	if (!site->old.calls)
		return "new";
	if (!site->new.calls)
		return "gone";
	if (site->old.bytes_live == site->new.bytes_live)
		return "same";
	return site->old.bytes_live < site->new.bytes_live ? "grown" : "shrunk";
}

/* "+1.6 MiB" */
static const char *signed_bytes(char *text, size_t bytes, uint64_t old, uint64_t new)
{
	text[0] = new < old ? '-' : '+';
	text_bytes(text + 1, bytes - 1, new < old ? old - new : new - old);
	return new == old ? "0 B" : text;
}

static const char *signed_count(char *text, uint64_t old, uint64_t new)
{
	text[0] = new < old ? '-' : '+';
	text_grouped(text + 1, new < old ? old - new : new - old);
	return new == old ? "0" : text;
}

static void both(FILE *out, const char *name, uint64_t old_bytes, uint64_t new_bytes,
                 uint64_t old_vmas, uint64_t new_vmas)
{
	char old[32], new[32], change[40], vmas[40];

	fprintf(out, "%-14s %10s %10s %11s %9s\n", name, text_bytes(old, sizeof(old), old_bytes),
	        text_bytes(new, sizeof(new), new_bytes),
	        signed_bytes(change, sizeof(change), old_bytes, new_bytes),
	        signed_count(vmas, old_vmas, new_vmas));
}

static void kinds(FILE *out, const struct diff_report *report, bool colored)
{
	const struct diff_side *old = &report->old, *new = &report->new;

	fprintf(out, "%s%-14s %10.10s %10.10s %11s %9s%s\n", colored ? "\033[2m" : "", "", "old",
	        "new", "change", "VMAs", colored ? "\033[0m" : "");
	both(out, "mapped", old->bytes, new->bytes, old->vmas, new->vmas);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (old->kind_bytes[i] != new->kind_bytes[i] ||
		    old->kind_vmas[i] != new->kind_vmas[i])
			both(out, vma_kind_name((enum vma_kind)i), old->kind_bytes[i],
			     new->kind_bytes[i], old->kind_vmas[i], new->kind_vmas[i]);
	}
}

static void site_line(FILE *out, const struct diff_site *site, const struct site_apart *apart,
                      size_t i)
{
	char live[40], calls[40], vmas[40];

	fprintf(out, "%-7s %11s %9s %9s  %-10s  ", diff_site_state(site),
	        signed_bytes(live, sizeof(live), site->old.bytes_live, site->new.bytes_live),
	        signed_count(vmas, site->old.vmas_live, site->new.vmas_live),
	        signed_count(calls, site->old.calls, site->new.calls), site->view->call);
	print_site(out, site->view);
	print_site_apart(out, apart, i);
	putc('\n', out);
}

static void site_lines(FILE *out, const struct diff_report *report)
{
	size_t count = report->site_count < report->limit ? report->site_count : report->limit;
	const struct site_view **sites = calloc(count + 1, sizeof(*sites));
	struct site_apart apart = { 0 };

	for (size_t i = 0; sites && i < count; i++)
		sites[i] = report->sites[i].view;
	if (!sites || !site_apart_init(&apart, sites, count))
		fputs("  out of memory\n", out);
	for (size_t i = 0; i < count; i++)
		site_line(out, &report->sites[i], &apart, i);
	site_apart_release(&apart);
	free((void *)sites);
}

void diff_text(FILE *out, const struct diff_report *report, bool colored)
{
	fputs("from ", out);
	print_escaped(out, report->old.name);
	fputs(" to ", out);
	print_escaped(out, report->new.name);
	putc('\n', out);
	kinds(out, report, colored);
	if (!report->site_count)
		return;
	fprintf(out, "\n%s%-7s %11s %9s %9s  %-10s  %s%s\n", colored ? "\033[2m" : "", "site",
	        "live", "VMAs", "calls", "call", "who", colored ? "\033[0m" : "");
	site_lines(out, report);
	if (report->site_count > report->limit)
		fprintf(out, "... and %zu more call site%s: -n 0 shows all\n",
		        report->site_count - report->limit,
		        report->site_count - report->limit == 1 ? "" : "s");
}

static void side_json(struct json *json, const char *key, const struct diff_side *side)
{
	json_key(json, key);
	json_object(json);
	json_member_string(json, "name", side->name);
	json_member_number(json, "bytes", side->bytes);
	json_member_number(json, "vmas", side->vmas);
	json_object_end(json);
}

static void pair_json(struct json *json, const char *key, uint64_t old, uint64_t new)
{
	json_key(json, key);
	json_array(json);
	json_number(json, old);
	json_number(json, new);
	json_array_end(json);
}

void diff_json(struct json *json, const struct diff_report *report)
{
	json_object(json);
	json_member_number(json, "schema", 1);
	side_json(json, "old", &report->old);
	side_json(json, "new", &report->new);
	json_key(json, "kinds");
	json_array(json);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!report->old.kind_vmas[i] && !report->new.kind_vmas[i])
			continue;
		json_object(json);
		json_member_string(json, "kind", vma_kind_name((enum vma_kind)i));
		pair_json(json, "bytes", report->old.kind_bytes[i], report->new.kind_bytes[i]);
		pair_json(json, "vmas", report->old.kind_vmas[i], report->new.kind_vmas[i]);
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "sites");
	json_array(json);
	for (size_t i = 0; i < report->site_count; i++) {
		const struct diff_site *site = &report->sites[i];

		json_object(json);
		json_member_string(json, "state", diff_site_state(site));
		json_site_identity(json, site->view);
		pair_json(json, "calls", site->old.calls, site->new.calls);
		pair_json(json, "bytes_mapped", site->old.bytes_mapped, site->new.bytes_mapped);
		pair_json(json, "bytes_live", site->old.bytes_live, site->new.bytes_live);
		pair_json(json, "vmas_live", site->old.vmas_live, site->new.vmas_live);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}
