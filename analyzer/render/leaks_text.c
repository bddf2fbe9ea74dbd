/*
 * leaks_text: the program's leaks first; what its runtime keeps behind them, and that it is no leak.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "leaks_report.h"
#include "site_apart.h"
#include "text.h"
#include "thread_view.h"
#include "timeline_text.h"

enum { THREADS = 4 }; /* of a site; JSON has all */

static void head(FILE *out, bool colored)
{
	fprintf(out, "%s%12s %8s %8s  %-10s  %s%s\n", colored ? "\033[2m" : "", "bytes", "VMAs",
	        "calls", "call", "who", colored ? "\033[0m" : "");
}

static void threads(FILE *out, const struct leak_row *row)
{
	if (!row->thread_count)
		return;
	fprintf(out, "%12s ", "");
	for (size_t i = 0; i < row->thread_count && i < THREADS; i++) {
		fputs(i ? ";" : "", out);
		thread_print_owner(out, &row->threads[i].thread, UINT64_MAX);
	}
	if (row->thread_count > THREADS)
		fprintf(out, "; and %zu more thread%s", row->thread_count - THREADS,
		        row->thread_count - THREADS == 1 ? "" : "s");
	putc('\n', out);
}

static void line(FILE *out, const struct leak_row *row, const struct site_apart *apart, size_t i)
{
	const struct site_totals *totals = &row->site->totals;
	char bytes[32], vmas[32], calls[32];

	fprintf(out, "%12s %8s %8s  %-10s  ", text_bytes(bytes, sizeof(bytes), totals->bytes_live),
	        text_grouped(vmas, totals->vmas_live), text_grouped(calls, totals->calls),
	        row->site->call);
	print_site(out, row->site);
	print_site_apart(out, apart, i);
	if (row->suppressed_by) {
		fputs("  (suppressed by leak:", out);
		print_escaped(out, row->suppressed_by);
		putc(')', out);
	}
	putc('\n', out);
	threads(out, row);
}

static void class_lines(FILE *out, const struct leak_report *report, enum leak_class class,
                        bool suppressed)
{
	const struct leak_row **rows = calloc(report->row_count + 1, sizeof(*rows));
	const struct site_view **sites = calloc(report->row_count + 1, sizeof(*sites));
	struct site_apart apart = { 0 };
	size_t shown = 0, more = 0;

	for (size_t i = 0; rows && sites && i < report->row_count; i++) {
		const struct leak_row *row = &report->rows[i];

		if (row->class != class || (row->suppressed_by != NULL) != suppressed)
			continue;
		if (report->limit && shown == report->limit) {
			more++;
			continue;
		}
		sites[shown] = row->site;
		rows[shown++] = row;
	}
	if (!rows || !sites || !site_apart_init(&apart, sites, shown))
		fputs("  out of memory\n", out);
	for (size_t i = 0; i < shown; i++)
		line(out, rows[i], &apart, i);
	if (more)
		fprintf(out, "%12s and %zu more call site%s: -n 0 shows all\n", "...", more,
		        more == 1 ? "" : "s");
	site_apart_release(&apart);
	free(rows);
	free((void *)sites);
}

static void program(FILE *out, const struct leak_report *report, bool colored)
{
	char bytes[32], vmas[32];

	if (!report->leaked_bytes) {
		fputs("No leaked mappings: the program unmapped all that it mapped.\n", out);
	} else {
		fprintf(out, "Leaked: %s in %s VMA%s, mapped by the program and never unmapped\n",
		        text_bytes(bytes, sizeof(bytes), report->leaked_bytes),
		        text_grouped(vmas, report->leaked_vmas),
		        report->leaked_vmas == 1 ? "" : "s");
		head(out, colored);
		class_lines(out, report, LEAK_PROGRAM, false);
	}
	if (report->accounts.suppressed) {
		fprintf(out, "Suppressed: %s\n",
		        text_bytes(bytes, sizeof(bytes), report->accounts.suppressed));
		class_lines(out, report, LEAK_PROGRAM, true);
	}
}

static void shm_lines(FILE *out, const struct leak_report *report, size_t first, size_t count)
{
	struct site_apart apart;

	if (!site_apart_init(&apart, report->shm_sites + first, count))
		fputs("  out of memory\n", out);
	for (size_t i = first; i < first + count; i++) {
		const struct shm_name *name = &report->shm[i];

		fputs("    /", out);
		print_escaped(out, name->name);
		fprintf(out, "  mode %04o  pid %" PRIu32 " @%" PRIu64 "  shm_open  ", name->mode,
		        name->pid, name->seq);
		print_site(out, report->shm_sites[i]);
		print_site_apart(out, &apart, i - first);
		fputs(name->exclusive ? "" : "  (or was there before: no O_EXCL)", out);
		fputs(name->gone_now && !name->removed
		              ? "  (gone by now: removed by no shm_unlink that was seen)\n"
		              : "\n",
		      out);
	}
	site_apart_release(&apart);
}

static void shm(FILE *out, const struct leak_report *report)
{
	if (report->shm_count) {
		fprintf(out, "\nShared memory objects never unlinked: %zu", report->shm_count);
		if (report->shm_gone)
			fprintf(out, ", of which %zu %s gone by now and no leak", report->shm_gone,
			        report->shm_gone == 1 ? "is" : "are");
		putc('\n', out);
	}
	if (report->shm_suppressed)
		fprintf(out, "\nShared memory objects suppressed: %zu\n", report->shm_suppressed);
	shm_lines(out, report, 0, report->shm_count);
	if (report->shm_count > report->shm_gone)
		fputs("  (That one was removed as a file in /dev/shm is not seen, but by who had "
		      "it "
		      "mapped then or asked for it later.)\n",
		      out);
	if (report->shm_removed)
		fprintf(out,
		        "\nShared memory objects removed by another way than shm_unlink, no leak: "
		        "%zu\n",
		        report->shm_removed);
	shm_lines(out, report, report->shm_count, report->shm_removed);
}

static void stacks(FILE *out, const struct leak_report *report)
{
	const struct leak_stacks *found = &report->stacks;
	char bytes[32], limit[32];

	if (!found->count)
		return;
	fprintf(out, "\nThread stacks: %s in %" PRIu64 " stack%s; of %" PRIu64 " the thread exited",
	        text_bytes(bytes, sizeof(bytes), report->accounts.of_class[LEAK_THREAD_STACK]),
	        found->count, found->count == 1 ? "" : "s", found->exited);
	text_bytes(limit, sizeof(limit), STACK_CACHE_BYTES);
	if (found->unjoined)
		fprintf(out,
		        "\n  at least %" PRIu64 " threads (%s) were never joined: libc keeps "
		        "no more than %s for the next thread\n",
		        found->unjoined, text_bytes(bytes, sizeof(bytes), found->unjoined_bytes),
		        limit);
	else if (found->exited)
		fprintf(out, ": never joined, or kept by libc for the next thread (up to %s)\n",
		        limit);
	else
		putc('\n', out);
	class_lines(out, report, LEAK_THREAD_STACK, false);
	class_lines(out, report, LEAK_THREAD_STACK, true);
}

/* What no program could have unmapped. */
static void kept(FILE *out, const struct leak_report *report, enum leak_class class,
                 const char *title)
{
	char bytes[32];

	if (!report->accounts.of_class[class])
		return;
	fprintf(out, "\n%s, no leak: %s\n", title,
	        text_bytes(bytes, sizeof(bytes), report->accounts.of_class[class]));
	class_lines(out, report, class, false);
	class_lines(out, report, class, true);
}

static void part(FILE *out, uint64_t part_bytes, const char *what)
{
	char bytes[32];

	if (part_bytes)
		fprintf(out, " + %s %s", text_bytes(bytes, sizeof(bytes), part_bytes), what);
}

static void accounts(FILE *out, const struct leak_accounts *of)
{
	char mapped[32], before[32];

	fprintf(out, "\nMapped at the end: %s = %s from before recording",
	        text_bytes(mapped, sizeof(mapped), of->mapped),
	        text_bytes(before, sizeof(before), of->before));
	part(out, of->of_class[LEAK_PROGRAM], "program");
	part(out, of->of_class[LEAK_THREAD_STACK], "thread stacks");
	part(out, of->of_class[LEAK_LIBC], "libc");
	part(out, of->of_class[LEAK_LOADER], "loader");
	part(out, of->of_class[LEAK_UNEXPLAINED], "without a call");
	part(out, of->tracer, "the recorder");
	putc('\n', out);
}

void leaks_text(FILE *out, const struct leak_report *report, bool colored)
{
	program(out, report, colored);
	shm(out, report);
	stacks(out, report);
	kept(out, report, LEAK_LIBC, "Kept by libc and the allocator (heap, arenas, their own)");
	kept(out, report, LEAK_LOADER, "Kept by the loader (objects loaded and not unloaded)");
	accounts(out, &report->accounts);
}
