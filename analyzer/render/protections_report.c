/*
 * protections_report: see the header.
 */
#include "protections_report.h"

#include "text.h"
#include "timeline_text.h"

void protections_text_head(FILE *out, bool colored)
{
	fprintf(out, "%s%9s %9s %10s %10s %10s  %-10s  %-10s  %s%s\n", colored ? "\033[2m" : "",
	        "changes", "flips", "bytes", "time", "held for", "rights", "call", "who",
	        colored ? "\033[0m" : "");
}

void protections_text_row(FILE *out, const struct protection_row *row, const struct site_view *site,
                          const char *apart)
{
	char changes[32], flips[32], bytes[32], time[32], held[32] = "", before[8], after[8];
	const char *warning = protection_warning(row);

	text_prot(before, sizeof(before), row->before);
	text_prot(after, sizeof(after), row->after);
	if (row->held)
		text_duration(held, sizeof(held), row->held_ns / row->held);
	fprintf(out, "%9s %9s %10s %10s %10s  %s%s%s%*s  %-10s  ",
	        text_grouped(changes, row->changes), text_grouped(flips, row->flips),
	        text_bytes(bytes, sizeof(bytes), row->bytes),
	        text_duration(time, sizeof(time), row->time_ns), held, row->maps ? "" : before,
	        row->maps ? "" : " > ", after, row->maps ? 7 : 1, "", site->call);
	print_site(out, site);
	fputs(apart ? apart : "", out);
	fprintf(out, "%s%s\n", *warning ? "  " : "", warning);
}

void protections_json_row(struct json *json, const struct protection_row *row,
                          const struct site_view *site)
{
	const char *warning = protection_warning(row);
	char text[8];

	json_object(json);
	json_member_string(json, "before",
	                   row->maps ? NULL : text_prot(text, sizeof(text), row->before));
	json_member_string(json, "after", text_prot(text, sizeof(text), row->after));
	json_member_string(json, "warning", *warning ? warning : NULL);
	json_member_number(json, "changes", row->changes);
	json_member_number(json, "flips", row->flips);
	json_member_number(json, "bytes", row->bytes);
	json_member_number(json, "time_ns", row->time_ns);
	json_key(json, "held_ns");
	if (row->held)
		json_number(json, row->held_ns / row->held);
	else
		json_null(json);
	json_site_identity(json, site);
	json_object_end(json);
}
