/*
 * site_view: see the header.
 */
#include "site_view.h"

#include <string.h>

#include "core/site_id.h"
#include "event_json.h"
#include "text.h"
#include "timeline_text.h"

/* Callers named behind the site. */
enum { CALLERS = 2, CALLER_BYTES = 60 };

/* "main" or, without a name, "app+0x12"; of the one frame whose line is not worth its room. */
static void print_caller(FILE *out, const struct frame *frame)
{
	char text[512];

	if (frame->function) {
		text_escaped(text, CALLER_BYTES, frame->function);
		fprintf(out, "%s%s", text, strlen(text) < strlen(frame->function) ? "..." : "");
		return;
	}
	frame_text(frame, text, sizeof(text));
	fputs(text, out);
}

static bool same_caller(const struct frame *a, const struct frame *b)
{
	return a->function && b->function && strcmp(a->function, b->function) == 0;
}

size_t site_view_frames(const struct site_view *site, const struct frame **frames)
{
	if (site->symbols)
		return symbols_frames_at(site->symbols, &site->place, frames);
	*frames = site->frames;
	return site->frame_count;
}

void print_site(FILE *out, const struct site_view *site)
{
	const struct frame *frames, *last;
	size_t count = site_view_frames(site, &frames), shown;
	unsigned callers = 0;
	char text[512];

	if (!count) {
		fputs(site->internal ? "the recorder" : "?", out);
		return;
	}
	shown = frames_call_site(frames, count);
	last = &frames[shown];
	frame_text(last, text, sizeof(text));
	fputs(text, out);
	for (size_t i = shown + 1; i < count && callers < CALLERS; i++) {
		const struct frame *frame = &frames[i];

		if (frame->runtime) /* what called main, or a callback */
			continue;
		if (frame->function && strcmp(frame->function, "_start") == 0)
			break;
		if (!same_caller(last, frame)) { /* recursion says nothing new */
			fputs(" < ", out);
			print_caller(out, frame);
			callers++;
		}
		last = frame;
	}
}

void site_text_head(FILE *out, bool colored)
{
	fprintf(out, "%s%9s %10s %10s %8s %8s %10s  %-14s  %s%s\n", colored ? "\033[2m" : "",
	        "calls", "mapped", "live", "VMAs", "splits", "time", "call", "who",
	        colored ? "\033[0m" : "");
}

void site_text_line(FILE *out, const struct site_view *site, const char *group, const char *apart)
{
	const struct site_totals *totals = &site->totals;
	char calls[32], mapped[32], live[32], vmas[32], splits[32], time[32];

	fprintf(out, "%9s %10s %10s %8s %8s %10s  %-14s  ", text_grouped(calls, totals->calls),
	        text_bytes(mapped, sizeof(mapped), totals->bytes_mapped),
	        text_bytes(live, sizeof(live), totals->bytes_live),
	        text_grouped(vmas, totals->vmas_live), text_grouped(splits, totals->splits),
	        text_duration(time, sizeof(time), totals->time_ns),
	        site->call ? site->call : "several");
	if (group)
		print_escaped(out, group);
	else
		print_site(out, site);
	fputs(apart ? apart : "", out);
	if (totals->failed)
		fprintf(out, "  (%s failed)", text_grouped(calls, totals->failed));
	putc('\n', out);
}

void json_site_identity(struct json *json, const struct site_view *site)
{
	char id[SITE_ID_DIGITS + 1];
	const struct frame *frames;
	size_t count = site_view_frames(site, &frames);

	json_member_string(json, "id", site_id_text(id, site->id));
	json_member_string(json, "call", site->call);
	json_key(json, "stack");
	json_stack(json, frames, count, site->by_frame_pointers);
}

void json_site(struct json *json, const struct site_view *site, const char *group)
{
	json_object(json);
	if (group)
		json_member_string(json, "group", group);
	json_site_identity(json, site);
	json_member_number(json, "calls", site->totals.calls);
	json_member_number(json, "bytes_mapped", site->totals.bytes_mapped);
	json_member_number(json, "bytes_live", site->totals.bytes_live);
	json_member_number(json, "vmas_live", site->totals.vmas_live);
	json_member_number(json, "time_ns", site->totals.time_ns);
	json_member_number(json, "failed", site->totals.failed);
	json_member_number(json, "splits", site->totals.splits);
	json_object_end(json);
}
