/*
 * shared_report: see the header.
 */
#include "shared_report.h"

#include <inttypes.h>

#include "text.h"
#include "timeline_text.h"

bool shared_is_told(const struct shared_objects *shared, size_t object)
{
	return shared->objects[object].act_count || shared->objects[object].holder_count;
}

static uint64_t since(const struct shared_report *report, const struct shared_act *act)
{
	return act->when_ns > report->start_ns ? act->when_ns - report->start_ns : 0;
}

static const struct site_view *site_of(const struct shared_report *report,
                                       const struct shared_act *act)
{
	return report->sites[act - report->shared->acts];
}

static void act_line(FILE *out, const struct shared_report *report, const struct shared_act *act)
{
	uint64_t us = since(report, act) / 1000;
	char times[32], bytes[32] = "", number[32];

	if (act->bytes)
		text_bytes(bytes, sizeof(bytes), act->bytes);
	snprintf(times, sizeof(times), act->count > 1 ? "x %s" : "%.0s",
	         text_grouped(number, act->count));
	fprintf(out, "%6" PRIu64 ".%06" PRIu64 " %8" PRIu32 "  %-8s %7s %9s  %s  ", us / 1000000,
	        us % 1000000, act->pid, shared_act_name(act->kind), times, bytes,
	        site_of(report, act)->call);
	print_site(out, site_of(report, act));
	fprintf(out, "  @%" PRIu64 "\n", act->first.seq);
}

void shared_text(FILE *out, const struct shared_report *report, size_t object)
{
	const struct shared_objects *shared = report->shared;
	const struct shared_object *of = &shared->objects[object];
	const char *mark = "  held at the end by ";
	char bytes[32];

	print_escaped(out, of->name);
	if (of->inode)
		fprintf(out, "  (device %02x:%02x, inode %" PRIu64 ")", of->dev_major,
		        of->dev_minor, of->inode);
	if (of->mapped_to)
		fprintf(out, "  mapped up to %s", text_bytes(bytes, sizeof(bytes), of->mapped_to));
	putc('\n', out);
	for (size_t i = 0; i < of->act_count; i++)
		act_line(out, report, &shared->acts[of->first_act + i]);
	for (size_t i = 0; i < of->holder_count; i++) {
		const struct shared_holder *holder = &shared->holders[of->first_holder + i];

		fprintf(out, "%s%" PRIu32 " (%s)", mark, holder->pid,
		        text_bytes(bytes, sizeof(bytes), holder->bytes));
		mark = ", ";
	}
	fputs(mark[0] == ',' ? "\n" : "  held by nobody at the end\n", out);
}

void shared_json(struct json *json, const struct shared_report *report, size_t object)
{
	const struct shared_objects *shared = report->shared;
	const struct shared_object *of = &shared->objects[object];
	char device[24];

	snprintf(device, sizeof(device), "%02x:%02x", of->dev_major, of->dev_minor);
	json_object(json);
	json_member_string(json, "name", of->name);
	json_member_string(json, "dev", of->inode ? device : NULL);
	json_member_number(json, "inode", of->inode);
	json_member_number(json, "mapped_to", of->mapped_to);
	json_key(json, "acts");
	json_array(json);
	for (size_t i = 0; i < of->act_count; i++) {
		const struct shared_act *act = &shared->acts[of->first_act + i];

		json_object(json);
		json_member_string(json, "act", shared_act_name(act->kind));
		json_member_number(json, "pid", act->pid);
		json_member_number(json, "seq", act->first.seq);
		json_member_number(json, "time_ns", since(report, act));
		json_member_number(json, "count", act->count);
		json_member_number(json, "bytes", act->bytes);
		json_site_identity(json, site_of(report, act));
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "holders");
	json_array(json);
	for (size_t i = 0; i < of->holder_count; i++) {
		const struct shared_holder *holder = &shared->holders[of->first_holder + i];

		json_object(json);
		json_member_number(json, "pid", holder->pid);
		json_member_number(json, "bytes", holder->bytes);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}
