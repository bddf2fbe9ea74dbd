/*
 * info_text.c: `vmatrace info` for people: a label, then a sentence. What was not seen is said first hand,
 * by number, and not left to be concluded.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "info.h"
#include "call_site.h"
#include "text.h"
#include "vmatrace/trace_format.h"

#define LABEL "%-11s"

/* 1234567 -> "1,234,567". */
static const char *grouped(char *text, size_t bytes, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t used = 0;

	for (int i = 0; i < length && used + 2 < bytes; i++) {
		if (i && (length - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

static void put_count(FILE *out, uint64_t number, const char *what)
{
	char text[32];

	fprintf(out, "%s %s", grouped(text, sizeof(text), number), what);
}

/* ", 3 failed" if there are any. */
static void put_some(FILE *out, uint64_t number, const char *what)
{
	if (number) {
		fputs(", ", out);
		put_count(out, number, what);
	}
}

static void put_limit(FILE *out, const char *name, uint64_t bytes)
{
	char text[32];

	fprintf(out, ", %s %s", name,
	        bytes == UINT64_MAX ? "unlimited" : text_bytes(text, sizeof(text), bytes));
}

static void put_command_line(FILE *out, const struct vmat_header *header)
{
	const char *at = header->command_line;
	const char *end = at + header->command_line_bytes;
	const char *blank = "";

	while (at < end && strnlen(at, (size_t)(end - at)) < (size_t)(end - at)) {
		bool plain = text_shell_plain(at);

		fprintf(out, "%s%s", blank, plain ? "" : "'");
		print_escaped(out, at);
		fputs(plain ? "" : "'", out);
		blank = " ";
		at += strlen(at) + 1;
	}
	/* The recorder cuts a long command line; then the last argument has no end. */
	if (at < end)
		fputs(" ...", out);
}

static void put_program(FILE *out, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);
	time_t seconds = (time_t)(header->realtime_ns / 1000000000);
	char text[64];
	struct tm time;

	fprintf(out, LABEL, "trace");
	print_escaped(out, trace_path(info->trace));
	fprintf(out, " (%s long, recorder ",
	        text_bytes(text, sizeof(text), trace_file_bytes(info->trace)));
	print_escaped(out, header->recorder_version);
	fprintf(out, ")\n" LABEL, "program");
	print_escaped(out, *header->exe ? header->exe : "unknown");
	fprintf(out, "\n" LABEL, "command");
	put_command_line(out, header);
	fprintf(out, "\n" LABEL, "directory");
	print_escaped(out, header->cwd);
	fprintf(out, "\n" LABEL "%" PRIu32 ", %s %" PRIu32 ", uid %" PRIu32 "\n", "process",
	        header->pid, header->from_fork ? "forked by" : "child of", header->parent_pid,
	        header->uid);
	if (gmtime_r(&seconds, &time) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &time))
		fprintf(out, LABEL "%s.%03u UTC\n", "started", text,
		        (unsigned)(header->realtime_ns / 1000000 % 1000));
}

/* What the process that waited was told, and what the trace adds. */
static void put_status(FILE *out, const struct info *info)
{
	int status = info->wait_status;

	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		fprintf(out, "killed by %s%s", name ? "SIG" : "signal ", name ? name : "");
		if (!name)
			fprintf(out, "%d", WTERMSIG(status));
		fputs(WCOREDUMP(status) ? " (core dumped)" : "", out);
		fputs(info->end == END_EXITED ? ", after its exit snapshot" : "", out);
		return;
	}
	fprintf(out, "exited with status %d", WEXITSTATUS(status));
	if (info->end == END_EXECED)
		fputs(", in another image that has no trace", out);
	else if (info->end != END_EXITED)
		fputs(", without an exit snapshot: by _exit or quick_exit", out);
}

static void put_end(FILE *out, const struct info *info)
{
	static const char *const sentences[] = {
		[END_EXITED] = "exited",
		[END_EXITING] = "exiting: the exit snapshot is taken, the process is still there",
		[END_EXECED] = "replaced by exec; the new image has a trace of its own if it could",
		[END_RUNNING] = "not yet: still running",
		[END_GONE] = "without an exit snapshot: killed, crashed, or left by _exit",
	};
	const struct trace_counts *counts = trace_counts(info->trace);
	char text[64];

	fprintf(out, LABEL, "ended");
	if (info->has_status)
		put_status(out, info);
	else
		fputs(sentences[info->end], out);
	fprintf(out, "; last event %s after the start\n",
	        text_duration(text, sizeof(text), counts->last_ns));
	if (counts->uncalibrated)
		fprintf(out, LABEL "%s\n", "",
		        "times are ticks of the processor, not nanoseconds:"
		        " it ended before its clock was compared twice");
}

/* The libcs of other namespaces. */
static void put_copies(FILE *out, const struct vmat_control *control)
{
	if (!control->copies_patched && !control->copies_left)
		return;
	fprintf(out, LABEL, "dlmopen");
	put_count(out, control->copies_patched, "more libcs with all sites in force");
	if (control->copies_left) {
		fputs(", ", out);
		put_count(out, control->copies_left, "not: ");
		print_escaped(out, control->copy_left);
	}
	putc('\n', out);
}

static void put_coverage(FILE *out, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);

	fprintf(out, LABEL, "coverage");
	fputs(header->layers & VMAT_LAYER_WRAPPERS ? "wrappers" : "no wrappers", out);
	if (header->layers & VMAT_LAYER_SITES)
		fprintf(out, ", sites (%" PRIu32 " of %" PRIu32 ")", header->sites_patched,
		        header->sites_found);
	if (header->layers & VMAT_LAYER_SNAPSHOTS)
		fputs(", snapshots", out);
	if (!(header->layers & VMAT_LAYER_SITES))
		fprintf(out, "; no sites: %s", info_sites_off(header->sites_off));
	putc('\n', out);
	if (header->sites_left[0]) {
		fprintf(out, LABEL, "left alone");
		print_escaped(out, header->sites_left);
		putc('\n', out);
	}
	if (trace_control(info->trace)->unloading_unseen)
		fprintf(out, LABEL "%s\n", "",
		        "nothing tells what the loader unloads: callers in what it loads in the "
		        "same"
		        " place may have the old names, or stacks of before");
	put_copies(out, trace_control(info->trace));
}

static void put_unseen(FILE *out, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);
	const struct walk_totals *totals = &info->totals;

	fprintf(out, LABEL, "unseen");
	if (!info->has_base) {
		fputs("not known: no snapshot survives to replay from\n", out);
		return;
	}
	put_count(out, totals->implicit_changes, "changes that snapshots show and no event made");
	for (size_t cause = CAUSE_UNEXPLAINED + 1; cause < CAUSE_COUNT; cause++)
		put_some(out, info->explained[cause],
		         implicit_cause_name((enum implicit_cause)cause));
	fputs("; ", out);
	put_count(out, totals->unexplained_vmas, "VMAs differ without a known cause\n");
	if (totals->unexplained_vmas && !(header->layers & VMAT_LAYER_SITES))
		fprintf(out, LABEL "%s\n", "",
		        "without the site layer, calls that libc and ld.so make inside themselves"
		        " are not seen:\n           malloc's mmap and brk, thread stacks, dlopen");
}

static void put_events(FILE *out, const struct info *info)
{
	const struct trace_counts *counts = trace_counts(info->trace);
	const struct vmat_control *control = trace_control(info->trace);
	const char *stopped = info_stopped(control->stopped);

	fprintf(out, LABEL, "events");
	put_count(out, counts->events, "stored");
	put_some(out, counts->failed, "failed");
	put_some(out, counts->internal, "of the recorder's own");
	put_some(out, counts->early, "before the unwinder was loaded");
	put_some(out, counts->left, "left by a jump: done, or not");
	put_some(out, counts->unknown_calls, "of calls this version does not know");
	put_some(out, counts->unknown_flags, "with flags this version does not know");
	fprintf(out, "\n" LABEL, "lost");
	put_count(out, counts->lost, "events");
	put_some(out, counts->overwritten, "overwritten");
	put_some(out, counts->torn, "torn");
	put_some(out, counts->dropped, "dropped");
	if (stopped)
		fprintf(out, "; recording stopped: %s", stopped);
	putc('\n', out);
	if (counts->not_seen || control->in_flight_full || control->carved ||
	    control->not_followed || control->snapshots_failed) {
		fprintf(out, LABEL, "");
		put_count(out, counts->not_seen, "calls before recording began");
		put_some(out, control->in_flight_full, "calls without an in-flight entry");
		put_some(out, control->carved, "calls carved around the recorder's memory");
		put_some(out, control->snapshots_failed, "snapshots failed");
		put_some(out, control->not_followed, "fork children not followed");
		putc('\n', out);
	}
	if (counts->truncated)
		fprintf(out, LABEL "%s\n", "", "the file is cut off: what its end held is missing");
	if (control->sandboxed)
		fprintf(out, LABEL "%s\n", "sandbox",
		        "the program asked for a seccomp filter: since then no list is read and no "
		        "file's name"
		        " asked for;\n           its children are not followed, what it executes "
		        "is not traced");
	put_unseen(out, info);
}

/* What is used is used in the last of them. */
static void put_some_laps(FILE *out, uint32_t laps)
{
	if (laps) {
		put_count(out, laps, laps == 1 ? "lap" : "laps");
		fputs(" before, ", out);
	}
}

static void put_storage(FILE *out, const struct info *info)
{
	const struct vmat_header *header = trace_header(info->trace);
	const struct vmat_control *control = trace_control(info->trace);
	const struct trace_counts *counts = trace_counts(info->trace);
	const struct snapshot *snapshots;
	char used[32], all[32];
	size_t count;

	fprintf(out, LABEL, "ring");
	put_count(out, header->slot_count, "slots");
	fprintf(out, " (%s), when full: %s\n",
	        text_bytes(all, sizeof(all), header->slot_count * header->slot_bytes),
	        info_on_full(header->on_full));
	fprintf(out, LABEL "%s of %s used, ", "arena",
	        text_bytes(used, sizeof(used), counts->arena_used),
	        text_bytes(all, sizeof(all), counts->arena_bytes));
	put_some_laps(out, counts->arena_lap);
	put_count(out, counts->stacks, "distinct stacks");
	put_some(out, counts->stacks_lost, "events whose stack was written over");
	put_some(out, counts->evidence_lost, "whose file or rows were");
	put_some(out, control->arena_full, "records not stored: no room");
	put_some(out, control->modules_full, "loaded objects not stored: no room");
	put_some(out, counts->damaged_records, "steps over damaged records");
	put_some(out, counts->unknown_records, "records of unknown type");
	fprintf(out, "\n" LABEL "%s, at most %" PRIu32 " frames\n", "stacks",
	        info_stack_mode(header->stack_mode), header->depth);
	if (trace_threads(info->trace)->count) {
		fprintf(out, LABEL, "threads");
		put_count(out, trace_threads(info->trace)->count, "known by name");
		put_some(out, control->threads_lost, "names not stored, or written over");
		putc('\n', out);
	}
	snapshots = trace_snapshots(info->trace, &count);
	fprintf(out, LABEL, "snapshots");
	put_count(out, count, count ? "(" : "");
	for (size_t i = 0; i < count && i < 8; i++)
		fprintf(out, "%s%s", i ? ", " : "", info_snapshot_reason(snapshots[i].reason));
	fprintf(out, "%s%s\n", count > 8 ? ", ..." : "", count ? ")" : "");
}

static void put_in_flight(FILE *out, const struct info *info, bool color)
{
	struct writer writer;
	const struct event_text text = { .out = &writer, .color = color };
	char site[640];

	writer_init(&writer, out);
	for (size_t i = 0; i < info->in_flight_count; i++)
		event_text_line(&text, &info->in_flight[i], trace_header(info->trace)->pid,
		                call_site_text(NULL, info->symbols, &info->in_flight[i], site,
		                               sizeof(site)));
	writer_flush(&writer);
}

void info_text(FILE *out, const struct info *info, bool color)
{
	const struct vmat_header *header = trace_header(info->trace);

	put_program(out, info);
	put_end(out, info);
	put_coverage(out, info);
	put_events(out, info);
	put_storage(out, info);
	fprintf(out, LABEL "max_map_count %" PRIu64, "limits", header->max_map_count);
	put_limit(out, "address space", header->limit_as);
	put_limit(out, "data", header->limit_data);
	put_limit(out, "stack", header->limit_stack);
	put_limit(out, "locked", header->limit_memlock);
	if (header->overcommit)
		fprintf(out, ", overcommit %" PRIu32, header->overcommit - 1);
	fprintf(out, "\n" LABEL "%s\n", "children",
	        header->children ? "traced, each into a file of its own" : "not traced");
	fprintf(out, LABEL "%zu call%s%s\n", "in flight", info->in_flight_count,
	        info->in_flight_count == 1 ? "" : "s",
	        info->in_flight_count && trace_control(info->trace)->stopped
	                ? " when recording stopped"
	                : "");
	put_in_flight(out, info, color);
}
