/*
 * leak_gather: see the header. The walk to the end says what is left and which event mapped each piece; a
 * pass over the events, beside it, finds what may be shm objects and threads that exited.
 */
#include "leak_gather.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "io/beside.h"
#include "command.h"
#include "core/number_table.h"
#include "core/pages.h"
#include "moment.h"
#include "options.h"
#include "thread_of.h"
#include "vmatrace/trace_format.h"

enum { CLOCKS_AGREE_NS = 1000000000 };

/* A call that gives pages back, as an exiting thread does with those of its stack. */
struct given_back {
	uint64_t start;
	uint64_t end;
	uint64_t seq;
};

/* Of the events, those that may matter once it is known what is left. */
struct looking {
	struct event_source source;
	struct given_back *given_back;
	size_t given_back_count;
	uint64_t *of_shm; /* seq */
	size_t of_shm_count;
	uint64_t shm_calls; /* so far */
	struct number_table
		mapped; /* a path and what has it -> shm_calls + 1 when it was met last */
	bool failed;    /* out of memory */
};

/* One process on its way in. */
struct leaving {
	struct leak_gathering *gathering;
	struct trace *trace;
	struct symbols *symbols;
	struct makers makers;
	struct number_table rows; /* a stack, its call and class -> number of the row + 1 */
	struct moment moment;     /* rows are extents */
	bool *is_stack;           /* of each extent: part of a thread's stack ... */
	bool *exited;             /* ... whose thread has exited */
	bool failed;              /* out of memory */
};

static enum leak_class class_of(struct leaving *leaving, size_t extent, const struct event *author)
{
	enum vma_creator creator = makers_of_stack(&leaving->makers, leaving->symbols, author);
	const struct frame *frames;

	return leak_class_of(leaving->moment.map.kinds[extent], creator,
	                     creator == CREATOR_UNKNOWN &&
	                             symbols_frames(leaving->symbols, author, &frames));
}

/* site_rows_at(), found out once for each stack. */
static struct site_row *row_of(struct leaving *leaving, const struct event *author,
                               enum leak_class class)
{
	struct site_rows *rows = &leaving->gathering->rows;
	uint64_t key = symbols_key(leaving->symbols, author);
	uint64_t *known = number_table_at(&leaving->rows, key ^ (uint64_t)author->call << 48 ^
	                                                          (uint64_t) class << 40);
	struct site_row *row;

	if (known && *known && key)
		return &rows->rows[*known - 1];
	row = site_rows_at(rows, leaving->symbols, author, class);
	if (known && row)
		*known = (uint64_t)(row - rows->rows) + 1;
	return row;
}

/* Whose stack the extent is, if it is one and that is known, is kept with its site. False: out of memory. */
static bool add_thread(struct leaving *leaving, size_t extent, uint64_t site)
{
	const struct moment *moment = &leaving->moment;
	const struct thread_entry *thread = thread_of_row(leaving->trace, &moment->map.rows[extent],
	                                                  moment->map.kinds[extent], moment->seq);

	return !thread || leak_threads_add(&leaving->gathering->threads, site, thread);
}

/* Extents of one call lie side by side or not; it is one call of the row all the same. */
static bool add_extent(struct leaving *leaving, size_t i, const struct event *author, size_t *last)
{
	struct leak_gathering *gathering = leaving->gathering;
	const struct vma_row_info *infos = leaving->moment.map.rows;
	const struct vma_row *row = &infos[i].row;
	enum leak_class class = class_of(leaving, i, author);
	struct site_row *site = row_of(leaving, author, class);
	bool same_site, beside;

	if (!site)
		return false;
	same_site = (size_t)(site - gathering->rows.rows) == *last;
	*last = (size_t)(site - gathering->rows.rows);
	beside = same_site && vma_rows_join(&infos[i - 1].row, row);
	leaving->is_stack[i] = class == LEAK_THREAD_STACK;
	site->view.totals.bytes_live += row->end - row->start;
	site->view.totals.vmas_live += !beside;
	site->view.totals.calls += !same_site || infos[i - 1].created_by != infos[i].created_by;
	gathering->accounts.of_class[class] += row->end - row->start;
	return class != LEAK_THREAD_STACK || add_thread(leaving, i, site->key);
}

static bool add_extents(struct leaving *leaving)
{
	struct leak_accounts *accounts = &leaving->gathering->accounts;
	const struct moment *moment = &leaving->moment;
	size_t last = SIZE_MAX; /* the row of the extent before */

	for (size_t i = 0; i < moment->map.count; i++) {
		const struct vma_row_info *info = &moment->map.rows[i];
		uint64_t bytes = info->row.end - info->row.start;
		bool own = moment->map.kinds[i] == KIND_TRACER;
		struct event author;

		if (own && !leaving->gathering->internal)
			accounts->tracer += bytes;
		else if (info->created_by == CREATED_BEFORE)
			accounts->before += bytes;
		else if (!moment_row_author(moment, i, &author))
			accounts->of_class[LEAK_UNEXPLAINED] += bytes;
		else if (add_extent(leaving, i, &author, &last))
			continue;
		else
			return false;
		last = SIZE_MAX;
	}
	return true;
}

/* --- threads that exited: libc gives the pages of their stacks back, and keeps the mapping ------------- */

static size_t extent_at(const struct moment *moment, uint64_t address)
{
	size_t low = 0, high = moment->map.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (moment->map.rows[middle].row.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int by_seq(const void *left, const void *right)
{
	const struct given_back *a = left, *b = right;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* The first extent from there on that no call gave back yet. next: of each a later one that may be it, or itself. */
static size_t not_given(size_t *next, size_t extent)
{
	while (next[extent] != extent) {
		next[extent] = next[next[extent]];
		extent = next[extent];
	}
	return extent;
}

/*
 * Of the calls that gave an extent back the last one tells, so the last call goes first and each extent is looked at once:
 * many calls may each give back all there is. False: out of memory.
 */
static bool see_exits(struct leaving *leaving, struct looking *looking)
{
	const struct moment *moment = &leaving->moment;
	size_t count = moment->map.count, *next = calloc(count + 1, sizeof(*next));

	if (!next)
		return false;
	for (size_t i = 0; i <= count; i++)
		next[i] = i;
	if (looking->given_back_count) /* those in flight come last */
		qsort(looking->given_back, looking->given_back_count, sizeof(*looking->given_back),
		      by_seq);
	for (size_t call = looking->given_back_count; call-- > 0;) {
		const struct given_back *given = &looking->given_back[call];
		size_t i = not_given(next, extent_at(moment, given->start));

		for (; i < count && moment->map.rows[i].row.start < given->end;
		     i = not_given(next, i)) {
			leaving->exited[i] =
				leaving->is_stack[i] && moment->map.rows[i].created_by < given->seq;
			next[i] = i + 1;
		}
	}
	free(next);
	return true;
}

static void count_stacks(struct leaving *leaving)
{
	struct leak_stacks *stacks = &leaving->gathering->stacks;
	const struct moment *moment = &leaving->moment;
	uint64_t exited = 0, exited_bytes = 0;

	for (size_t i = 0, end; i < moment->map.count; i = end) {
		bool gone = false;
		uint64_t bytes = 0;

		for (end = i; end < moment->map.count &&
		              moment->map.rows[end].created_by == moment->map.rows[i].created_by;
		     end++) {
			gone = gone || leaving->exited[end];
			bytes += moment->map.rows[end].row.end - moment->map.rows[end].row.start;
		}
		if (!leaving->is_stack[i])
			continue;
		stacks->count++;
		exited += gone;
		exited_bytes += gone ? bytes : 0;
	}
	stacks->exited += exited;
	stacks->exited_bytes += exited_bytes;
	stacks->unjoined_bytes += leak_unjoined_bytes(exited_bytes);
	if (exited) /* of stacks that are all alike, as they mostly are */
		stacks->unjoined +=
			(leak_unjoined_bytes(exited_bytes) + exited_bytes / exited - 1) /
			(exited_bytes / exited);
}

/* --- the events --------------------------------------------------------------------------------------- */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * The two clocks are as far apart as they were when it was recorded. Not so once the machine slept or its time was
 * set: then it may be another one, and what is said of this one's /dev/shm would be made up.
 */
static bool is_of_this_boot(const struct vmat_header *header)
{
	uint64_t then = header->realtime_ns - header->start.monotonic_ns;
	uint64_t apart = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC) - then;

	return apart + CLOCKS_AGREE_NS < 2 * CLOCKS_AGREE_NS; /* from -1 to 1 s */
}

static bool see_shm(struct leaving *leaving, const struct event *event)
{
	struct leak_gathering *gathering = leaving->gathering;
	const struct vmat_header *header = trace_header(leaving->trace);
	struct shm_name *kept;
	struct site_row *row;

	if (!shm_names_see(&gathering->names, event, header->realtime_ns, header->pid, &kept))
		return false;
	if (!kept)
		return true;
	row = site_rows_at(&gathering->shm_sites, leaving->symbols, event, 0);
	if (row)
		kept->tag = (size_t)(row - gathering->shm_sites.rows);
	kept->of_this_boot = is_of_this_boot(header);
	return row != NULL;
}

/* Room for one more in an array that doubles, or NULL. */
static void *append(struct looking *looking, void **items, size_t *count, size_t size)
{
	if ((*count & (*count - 1)) == 0) {
		void *grown = reallocarray(*items, *count ? 2 * *count : 1, size);

		if (!grown) {
			looking->failed = true;
			return NULL;
		}
		*items = grown;
	}
	return (char *)*items + (*count)++ * size;
}

/* A mapping of the same object under the same name tells nothing new until a name is made or unlinked. */
static bool is_news(struct looking *looking, const struct event *event)
{
	uint64_t *met;

	if (event->call == CALL_SHM_OPEN || event->call == CALL_SHM_UNLINK) {
		looking->shm_calls++;
		return true;
	}
	met = number_table_at(&looking->mapped,
	                      ((uintptr_t)event->text ^ event->inode << 24) *
	                                      0xc2b2ae3d27d4eb4full ^
	                              ((uint64_t)event->dev_major << 32 | event->dev_minor));
	if (!met) {
		looking->failed = true;
		return false;
	}
	if (*met == looking->shm_calls + 1)
		return false;
	*met = looking->shm_calls + 1;
	return true;
}

static void look(void *context)
{
	struct looking *looking = context;
	struct event event;

	while (!looking->failed && looking->source.next(looking->source.self, &event)) {
		if (event.call == CALL_MADVISE && !event.failed && event.args[2] == MADV_DONTNEED) {
			struct given_back *given =
				append(looking, (void **)&looking->given_back,
			               &looking->given_back_count, sizeof(*given));

			if (given)
				*given = (struct given_back) {
					.start = event.args[0],
					.end = event.args[0] + event.args[1],
					.seq = event.seq,
				};
		} else if (shm_names_wants(&event) && is_news(looking, &event)) {
			uint64_t *seq = append(looking, (void **)&looking->of_shm,
			                       &looking->of_shm_count, sizeof(*seq));

			if (seq)
				*seq = event.seq;
		}
	}
	number_table_release(&looking->mapped);
}

/* What was seen, now that it is known what is left. */
static bool see_events(struct leaving *leaving, struct looking *looking)
{
	if (!see_exits(leaving, looking))
		return false;
	for (size_t i = 0; i < looking->of_shm_count; i++) {
		struct event event;

		if (trace_event_at(leaving->trace, looking->of_shm[i], &event) &&
		    !see_shm(leaving, &event))
			return false;
	}
	return true;
}

static void see_list(void *context, const struct walk *walk, const struct checkpoint *checkpoint)
{
	struct leaving *leaving = context;

	(void)walk;
	if (!shm_names_look(&leaving->gathering->names, checkpoint->snapshot,
	                    trace_header(leaving->trace)->realtime_ns))
		leaving->failed = true;
}

/* The walk to the end, and beside it a look at all events. STATUS_FINE, or one line on stderr and what to exit with. */
static int walk_and_look(struct leaving *leaving, struct looking *looking)
{
	const struct walk_observer observer = { .context = leaving, .checkpoint = see_list };
	const struct when_point end = when_end();
	struct beside beside;
	int status;

	if (!leaving->symbols || !trace_events(leaving->trace, &looking->source))
		return complain(STATUS_TRACE, "out of memory");
	beside_start(&beside, look, looking);
	status = moment_reach(&leaving->moment, leaving->trace, leaving->symbols, &end, &observer);
	beside_end(&beside);
	return status == STATUS_FINE && looking->failed ? complain(STATUS_TRACE, "out of memory")
	                                                : status;
}

int leak_gather(struct leak_gathering *gathering, struct trace *trace, bool more)
{
	struct looking looking = { 0 };
	struct leaving leaving = {
		.gathering = gathering,
		.trace = trace,
		.symbols = symbols_new(trace, gathering->sources),
		.moment.by_creator = true,
	};
	int status = walk_and_look(&leaving, &looking);

	if (status == STATUS_FINE) {
		size_t count = leaving.moment.map.count;

		leaving.is_stack = calloc(count + 1, sizeof(*leaving.is_stack));
		leaving.exited = calloc(count + 1, sizeof(*leaving.exited));
		gathering->accounts.mapped += vma_map_bytes(walk_map(leaving.moment.walk));
		if (leaving.failed || !leaving.is_stack || !leaving.exited ||
		    !add_extents(&leaving) || !see_events(&leaving, &looking))
			status = complain(STATUS_TRACE, "out of memory");
		else
			count_stacks(&leaving);
	}
	free(leaving.is_stack);
	free(leaving.exited);
	free(looking.given_back);
	free(looking.of_shm);
	makers_release(&leaving.makers);
	number_table_release(&leaving.rows);
	moment_release(&leaving.moment);
	if ((more && !site_rows_copy_frames(&gathering->shm_sites, leaving.symbols)) ||
	    !site_rows_leave(&gathering->rows, trace, leaving.symbols, more))
		status = complain(STATUS_TRACE, "out of memory");
	return status;
}

void leak_gathering_release(struct leak_gathering *gathering)
{
	site_rows_release(&gathering->rows);
	site_rows_release(&gathering->shm_sites);
	shm_names_release(&gathering->names);
	leak_threads_release(&gathering->threads);
}
