/*
 * diff_sides: see the header.
 */
#include "diff_sides.h"

#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "site_gather.h"

/*
 * The moment has extents, and their kinds; VMAs are counted as maps has them, [vsyscall] too. Its rows are read anew, where
 * the parts will be: of many mappings this is most of what a side takes. False: out of memory.
 */
static bool add_kinds(struct diff_side *sums, struct moment *moment)
{
	size_t count = walk_rows(moment->walk, NULL, 0), part_count = moment->map.count;
	struct vma_row_info *rows, *extents;
	struct row_part *parts;
	bool fine;

	authors_release(&moment->map.authors);
	free(moment->map.rows);
	moment->map.rows = NULL;
	rows = calloc(count + 1, sizeof(*rows));
	parts = calloc(part_count + 1, sizeof(*parts));
	fine = rows && parts;
	if (fine) {
		walk_rows(moment->walk, rows, count);
		extents = row_parts_extents(parts, part_count);
		walk_extents(moment->walk, extents, part_count);
		part_count = row_parts(rows, count, extents, moment->map.kinds, part_count, parts);
	}
	for (size_t i = 0; fine && i < part_count; i++) {
		const struct vma_row *row = &parts[i].info.row;
		enum vma_kind kind = parts[i].kind;

		if (kind == KIND_TRACER)
			continue;
		sums->bytes += row->end - row->start;
		sums->vmas += !i || parts[i - 1].row != parts[i].row;
		sums->kind_bytes[kind] += row->end - row->start;
		sums->kind_vmas[kind] += row_part_counts(parts, i);
	}
	free(parts);
	free(rows);
	return fine;
}

/* Takes the trace over. more: another one follows. */
static int add_process(struct side *side, struct trace *trace, const struct when *at,
                       const struct common_options *common, bool more)
{
	const struct filter filter = { .to = *at };
	struct site_gathering gathering = {
		.filter = &filter,
		.trace = trace,
		.symbols = symbols_new(trace, &common->symbols),
		.in_walk = true,
	};
	int status = gathering.symbols ? site_gather(&gathering)
	                               : complain(STATUS_TRACE, "out of memory");

	if (status == STATUS_FINE) {
		bool fine = add_kinds(&side->sums, &gathering.moment);

		moment_release(&gathering.moment);
		if (!fine || !site_rows_add(&side->rows, gathering.symbols, gathering.table))
			status = complain(STATUS_TRACE, "out of memory");
	}
	site_gathering_release(&gathering);
	if (!site_rows_leave(&side->rows, trace, gathering.symbols, more))
		status = complain(STATUS_TRACE, "out of memory");
	return status;
}

int side_gather(struct side *side, const char *name, const struct trace_set *set,
                const struct when *at, const struct common_options *common)
{
	int status = set->unreadable ? STATUS_TRACE : STATUS_FINE;

	side->sums.name = name;
	site_rows_init(&side->rows, GROUP_ID);
	side->rows.common = common;
	for (size_t i = 0; i < set->count; i++) {
		struct trace *trace = trace_set_open(set, i);
		int one = trace ? add_process(side, trace, at, common, i + 1 < set->count)
		                : STATUS_TRACE;

		status = one > status ? one : status;
	}
	return status;
}

/* --- two moments in one walk -------------------------------------------------------------------------- */

static bool arrived(void *side, struct moment *moment)
{
	return add_kinds(&((struct side *)side)->sums, moment);
}

/* Both sides of one process on their way in. */
struct moments {
	struct side *sides[2];
	const struct when *at[2];
	int statuses[2];
	FILE *held; /* what there is to complain of on the second; NULL: it is said at once */
};

static void find_ends(struct moments *moments, struct site_gathering gatherings[2])
{
	for (size_t i = 0; i < 2; i++) {
		int status = STATUS_FINE;

		if (i)
			complain_to(moments->held);
		if (moments->at[i]->given)
			status = when_find(moments->at[i], gatherings[i].trace, &gatherings[i].to);
		complain_to(NULL);
		if (status > moments->statuses[i])
			moments->statuses[i] = status;
	}
}

/* Takes the trace over. more: another one follows. */
static int add_moments(struct moments *moments, struct trace *trace,
                       const struct common_options *common, bool more)
{
	struct symbols *symbols = symbols_new(trace, &common->symbols);
	struct filter filters[2];
	struct site_gathering gatherings[2];
	int status = STATUS_FINE;

	for (size_t i = 0; i < 2; i++) {
		filters[i] = (struct filter) { .to = *moments->at[i] };
		gatherings[i] = (struct site_gathering) {
			.filter = &filters[i],
			.trace = trace,
			.symbols = symbols,
			.to = when_end(),
			.arrived = arrived,
			.context = moments->sides[i],
		};
	}
	find_ends(moments, gatherings);
	if (!symbols)
		status = complain(STATUS_TRACE, "out of memory");
	else if (moments->statuses[0] == STATUS_FINE && moments->statuses[1] == STATUS_FINE)
		status = site_gather_two(
			(struct site_gathering *const[]) { &gatherings[0], &gatherings[1] });
	for (size_t i = 0; i < 2; i++) {
		struct site_rows *rows = &moments->sides[i]->rows;

		if (status == STATUS_FINE && gatherings[i].table &&
		    !(site_rows_add(rows, symbols, gatherings[i].table) &&
		      (!more || site_rows_copy_frames(rows, symbols))))
			status = complain(STATUS_TRACE, "out of memory");
		site_gathering_release(&gatherings[i]);
	}
	/* The first side's rows have their frames from the second's, as long as that is there. */
	if (!site_rows_leave(&moments->sides[1]->rows, trace, symbols, more))
		status = complain(STATUS_TRACE, "out of memory");
	return status;
}

int sides_gather_moments(struct side *old, struct side *new, const struct trace_set *set,
                         const struct when *from, const struct when *to,
                         const struct common_options *common)
{
	struct moments moments = { .sides = { old, new }, .at = { from, to } };
	int status = set->unreadable ? STATUS_TRACE : STATUS_FINE;
	char *said = NULL;
	size_t bytes;

	moments.held = open_memstream(&said, &bytes);
	for (size_t side = 0; side < 2; side++) {
		moments.sides[side]->sums.name = moments.at[side]->text;
		site_rows_init(&moments.sides[side]->rows, GROUP_ID);
		moments.sides[side]->rows.common = common;
	}
	for (size_t i = 0; i < set->count; i++) {
		struct trace *trace = trace_set_open(set, i);
		int one = trace ? add_moments(&moments, trace, common, i + 1 < set->count)
		                : STATUS_TRACE;

		status = one > status ? one : status;
	}
	if (moments.held)
		fclose(moments.held);
	/* What fails on both sides, as by one mark that is not there, is said of the first. */
	if (moments.statuses[0] == STATUS_FINE && said)
		fputs(said, stderr);
	free(said);
	if (moments.statuses[0] > status)
		status = moments.statuses[0];
	return status != STATUS_FINE ? status : moments.statuses[1];
}
