/*
 * history_text: the answer first, then how it came to that.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "core/call_table.h"
#include "history_report.h"
#include "text.h"

static const char *perms(char *text, unsigned prot, bool shared)
{
	text_prot(text, 4, prot);
	text[3] = shared ? 's' : 'p';
	text[4] = '\0';
	return text;
}

static const char *past(const struct history_row *row)
{
	static const char *const words[CHANGE_COUNT] = {
		[CHANGE_CREATE] = "mapped",
		[CHANGE_REMOVE] = "unmapped",
		[CHANGE_REPLACE] = "mapped over what was there",
		[CHANGE_PROTECT] = "protected",
		[CHANGE_ADVISE] = "advised",
		[CHANGE_LOCK] = "locked",
		[CHANGE_MOVE] = "moved here",
		[CHANGE_IMPLICIT] = "changed",
	};

	if (row->moved_away)
		return "moved away";
	if (row->seen.kind == CHANGE_PROTECT && !row->seen.prot_after)
		return "made inaccessible";
	if (row->seen.kind == CHANGE_PROTECT && row->seen.prot_after == PROT_READ)
		return "made read-only";
	return words[row->seen.kind] ? words[row->seen.kind] : "changed";
}

/* "munmap  release (uaf.c:12) < main, thread 4711 @31" */
static void by(FILE *out, const struct history_row *row, const struct site_view *site)
{
	if (row->event.call == CALL_IMPLICIT) {
		const char *cause = implicit_cause_name(row->cause);

		fprintf(out, "without a call that was seen%s%s", *cause ? ": " : "", cause);
		return;
	}
	fprintf(out, "by %s  ", call_name(row->event.call));
	print_site(out, site);
	fprintf(out, "  (thread %" PRIu32, row->event.tid);
	thread_print_name(out, row->thread);
	fprintf(out, ", @%" PRIu64 ")", row->event.seq);
}

static void ago(FILE *out, const struct history_now *now, const struct history_row *row,
                const char *what)
{
	uint64_t ns = now->time_ns > row->event.time_ns ? now->time_ns - row->event.time_ns : 0;
	char time[32];

	if (ns || !now->at_least)
		fprintf(out, "%s%s ", now->at_least ? "at least " : "",
		        text_duration(time, sizeof(time), ns));
	fprintf(out, "before %s ", what);
}

static void print_mapping(FILE *out, const struct history_now *now)
{
	char text[8];

	fprintf(out, "%s, %s", perms(text, now->row->prot, now->row->shared),
	        vma_kind_name(now->kind));
	thread_print_owner(out, now->owner, now->seq);
	if (now->row->name[0]) {
		putc(' ', out);
		print_escaped(out, now->row->name);
	}
}

static void print_pages(FILE *out, const struct history_now *now)
{
	char mapped[32], all[32];

	fprintf(out, "%s of %s mapped, in %zu VMA%s",
	        text_bytes(mapped, sizeof(mapped), now->pages_mapped),
	        text_bytes(all, sizeof(all), now->pages.end - now->pages.start), now->pages_vmas,
	        now->pages_vmas == 1 ? "" : "s");
}

void history_text_now(FILE *out, uint64_t address, const struct history_now *now,
                      const struct history_row *last, const struct site_view *site)
{
	if (now->several)
		fprintf(out, "0x%" PRIx64 "-0x%" PRIx64 ": ", now->pages.start, now->pages.end);
	else
		fprintf(out, "0x%" PRIx64 ": ", address);
	if (now->pages_alike)
		print_mapping(out, now);
	else if (now->pages_mapped)
		print_pages(out, now);
	else
		fputs(last ? "not mapped" : "never mapped while it was recorded", out);
	if (last) {
		fprintf(out, now->several ? "; last change: %s " : "; %s ", past(last));
		ago(out, now, last, "the end");
		by(out, last, site);
	} else if (now->pages_mapped) {
		fputs("; so since before recording", out);
	}
	putc('\n', out);
}

/* --- faults ------------------------------------------------------------------------------------------- */

static const char *access_word(unsigned access)
{
	if (access & PROT_WRITE)
		return "write to";
	if (access & PROT_EXEC)
		return "execution of";
	return access & PROT_READ ? "read of" : "access to";
}

static void print_near(FILE *out, const char *what, uint64_t distance, const struct vma_row *row)
{
	char bytes[32], text[8];

	fprintf(out, "    %s %s %" PRIx64 "-%" PRIx64 " %s ",
	        text_bytes(bytes, sizeof(bytes), distance), what, row->start, row->end,
	        perms(text, row->prot, row->shared));
	print_escaped(out, row->name);
	putc('\n', out);
}

static void last_change(FILE *out, const struct history_now *now, const struct history_row *last,
                        const struct site_view *site)
{
	if (!last)
		return;
	fprintf(out, "%s ", past(last));
	ago(out, now, last, "that");
	by(out, last, site);
}

static const char *const reasons[FAULT_REASONS] = {
	[FAULT_NULL] = "a null pointer",
	[FAULT_UNMAPPED] = "memory that is mapped no more: ",
	[FAULT_MOVED] = "memory that is elsewhere now: ",
	[FAULT_NEVER] = "an address where nothing was ever mapped",
	[FAULT_GUARD] = "the guard page of a stack: ",
	[FAULT_STACK_LIMIT] = "an address below the main stack, which may not grow so far",
	[FAULT_PROTECTED] = "memory that does not allow it: ",
	[FAULT_BEYOND_FILE] = "a page beyond the end of its file: ",
	[FAULT_NO_ADDRESS] =
		("an address that the kernel does not tell: one that the processor does not have "
	         "(not canonical), or the end of a stack, where no handler finds room"),
	[FAULT_UNKNOWN] = "memory that allowed it, as far as the trace tells: ",
};

void history_text_fault(FILE *out, const struct history_fault *fault, const struct history_now *now,
                        const struct history_row *last, const struct site_view *site)
{
	uint64_t address = fault->fault.address;
	bool nowhere = fault->reason == FAULT_NULL || fault->reason == FAULT_NO_ADDRESS;

	fputs(fault->fault.bus ? "SIGBUS" : "SIGSEGV", out);
	if (!fault->fault.no_address)
		fprintf(out, " at 0x%" PRIx64, address);
	if (fault->tid)
		fprintf(out, " in thread %" PRIu32, fault->tid);
	thread_print_name(out, fault->thread);
	fprintf(out, ": %s ", access_word(fault->fault.access));
	if (fault->reason == FAULT_GUARD && now->owner) {
		fputs("the guard page of the stack", out);
		thread_print_owner(out, now->owner, now->seq);
		fputs(": ", out);
	} else {
		fputs(reasons[fault->reason], out);
	}
	if (now->mapped && fault->reason != FAULT_GUARD) {
		print_mapping(out, now);
		fputs(last ? ", " : "", out);
	}
	if (!nowhere)
		last_change(out, now, last, site);
	putc('\n', out);
	if (fault->below && !nowhere)
		print_near(out, "above", address - fault->below->end, fault->below);
	if (fault->above && !nowhere)
		print_near(out, "below", fault->above->start - address, fault->above);
}

/* --- rows --------------------------------------------------------------------------------------------- */

void history_text_head(FILE *out, bool colored)
{
	fprintf(out, "\n%s%11s %7s %8s  %-8s  %-25s  %-9s %9s  %s%s\n", colored ? "\033[2m" : "",
	        "seconds", "event", "thread", "change", "range", "perms", "lasted", "who",
	        colored ? "\033[0m" : "");
}

static void spell_perms(char *text, size_t bytes, const struct history_row *row)
{
	char before[8], after[8];

	perms(before, row->seen.prot_before, row->seen.shared);
	perms(after, row->seen.prot_after, row->seen.shared);
	if (row->seen.mapped_before && row->seen.mapped_after &&
	    row->seen.prot_before != row->seen.prot_after)
		snprintf(text, bytes, "%.3s>%s", before, after);
	else
		snprintf(text, bytes, "%s", row->seen.mapped_after ? after : before);
}

void history_text_row(FILE *out, const struct history_row *row, const struct history_lasted *until,
                      const struct site_view *site)
{
	const struct event *event = &row->event;
	uint64_t us = event->time_ns / 1000;
	char seq[24] = "", thread[16] = "", range[48], rights[24], lasted[32] = "";

	if (event->call != CALL_IMPLICIT)
		snprintf(seq, sizeof(seq), "@%" PRIu64, event->seq);
	if (event->tid)
		snprintf(thread, sizeof(thread), "%" PRIu32, event->tid);
	if (until->known) {
		lasted[0] = '>';
		text_duration(lasted + until->longer, sizeof(lasted) - 1, until->ns);
	}
	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, row->start, row->end);
	spell_perms(rights, sizeof(rights), row);
	fprintf(out, "%4" PRIu64 ".%06" PRIu64 " %7s %8s  %-8s  %-25s  %-9s %9s  ", us / 1000000,
	        us % 1000000, seq, thread, change_kind_name(row->seen.kind), range, rights, lasted);
	if (event->call == CALL_IMPLICIT) {
		by(out, row, site);
	} else {
		fprintf(out, "%s  ", call_name(event->call));
		print_site(out, site);
	}
	if (row->seen.kind == CHANGE_MOVE)
		fprintf(out, row->moved_away ? "  (away from here)" : "  (from %" PRIx64 ")",
		        row->old_start);
	putc('\n', out);
}
