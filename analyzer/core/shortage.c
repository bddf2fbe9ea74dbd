/*
 * shortage: see the header.
 */
#include "shortage.h"

#include <errno.h>
#include <sys/mman.h>

#include "call_table.h"
#include "pages.h"
#include "vmatrace/trace_format.h"

/* 47 bits of user space on x86-64; more on others, where this says "other" instead. */
#define ADDRESS_SPACE (1ull << 47)
/* One call splits two VMAs at most, and the kernel's own count includes gates that maps does not show. */
enum { VMAS_NEAR = 3 };

const char *shortage_name(enum shortage shortage)
{
	static const char *const names[SHORTAGE_COUNT] = {
		[SHORTAGE_NONE] = "none",
		[SHORTAGE_VMAS] = "vmas",
		[SHORTAGE_AS] = "rlimit-as",
		[SHORTAGE_DATA] = "rlimit-data",
		[SHORTAGE_MEMLOCK] = "rlimit-memlock",
		[SHORTAGE_HOLE] = "hole",
		[SHORTAGE_SIZE] = "size",
		[SHORTAGE_OVERCOMMIT] = "overcommit",
		[SHORTAGE_OTHER] = "other",
	};

	return shortage < SHORTAGE_COUNT ? names[shortage] : "";
}

/* --- what a call wants -------------------------------------------------------------------------------- */

bool shortage_is(const struct event *event)
{
	enum call_effect effect = call_effect(event->call);

	if (!event->failed || event->in_flight || effect == EFFECT_NONE)
		return false;
	return event->error == ENOMEM || (event->error == EAGAIN && effect != EFFECT_ADVISES);
}

static uint64_t asked_bytes(const struct event *event, uint32_t page_bytes)
{
	switch (call_effect(event->call)) {
	case EFFECT_MAPS:
		return page_ceil(event->args[1], page_bytes);
	case EFFECT_MOVES:
		return event->args[2] > event->args[1]
		               ? page_ceil(event->args[2], page_bytes) -
		                         page_ceil(event->args[1], page_bytes)
		               : 0;
	case EFFECT_SETS_BREAK:
		return event->args[0] > event->args[1] ? event->args[0] - event->args[1] : 0;
	case EFFECT_MOVES_BREAK:
		return (int64_t)event->args[0] > 0 ? event->args[0] : 0;
	case EFFECT_ATTACHES:
		return page_ceil(event->args[3], page_bytes);
	case EFFECT_LOCKS:
		return page_ceil(event->args[1], page_bytes);
	default:
		return 0;
	}
}

static bool of_range(enum call_effect effect)
{
	return effect == EFFECT_PROTECTS || effect == EFFECT_ADVISES || effect == EFFECT_LOCKS ||
	       effect == EFFECT_UNLOCKS || effect == EFFECT_SEALS;
}

/* What mprotect would make private writable memory of: only that is counted anew (mm/mprotect.c mprotect_fixup()). */
static uint64_t newly_writable(const struct vma_map *map, const struct event *event)
{
	struct page_range range =
		page_range(event->args[0], event->args[1], vma_map_page_bytes(map));
	uint64_t bytes = 0;

	if (!(event->args[2] & PROT_WRITE))
		return 0;
	for (const struct vma_run *run = vma_map_at(map, range.start);
	     run && run->start < range.end; run = vma_map_next(map, run)) {
		uint64_t start = run->start > range.start ? run->start : range.start;
		uint64_t end = run->end < range.end ? run->end : range.end;

		if (!run->shared && !(run->prot & PROT_WRITE) && start < end)
			bytes += end - start;
	}
	return bytes;
}

static uint64_t first_hole(const struct vma_map *map, const struct event *event)
{
	struct page_range range =
		page_range(event->args[0], event->args[1], vma_map_page_bytes(map));

	for (uint64_t at = range.start; at < range.end;) {
		const struct vma_run *run = vma_map_at(map, at);

		if (!run || run->start > at)
			return at;
		at = run->end;
	}
	return 0;
}

void shortage_read(struct shortage_facts *facts, const struct vma_map *map,
                   const struct event *event)
{
	*facts = (struct shortage_facts) {
		.vmas = vma_map_count(map),
		.mapped = vma_map_bytes(map),
		.asked = asked_bytes(event, vma_map_page_bytes(map)),
	};
	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		uint64_t bytes = run->end - run->start;

		if (run->start >> 63) { /* [vsyscall] is no VMA */
			facts->vmas--;
			facts->mapped -= bytes;
			continue;
		}
		if (!run->shared && run->prot & PROT_WRITE && !run->grows_down)
			facts->data += bytes;
		if (run->map_flags & RUN_LOCKED)
			facts->locked += bytes;
	}
	if (of_range(call_effect(event->call)))
		facts->hole = first_hole(map, event);
	if (call_effect(event->call) == EFFECT_PROTECTS)
		facts->asked = newly_writable(map, event);
}

/* --- which limit it ran into -------------------------------------------------------------------------- */

static bool exceeds(uint64_t limit, uint64_t used, uint64_t more)
{
	return limit != UINT64_MAX && (more > limit || used > limit - more);
}

/* Private memory that may be written. */
static bool wants_data(const struct event *event)
{
	switch (call_effect(event->call)) {
	case EFFECT_MAPS:
		return event->args[2] & PROT_WRITE && (event->args[3] & MAP_TYPE) == MAP_PRIVATE;
	case EFFECT_PROTECTS:
		return event->args[2] & PROT_WRITE;
	case EFFECT_MOVES:
	case EFFECT_SETS_BREAK:
	case EFFECT_MOVES_BREAK:
		return true;
	default:
		return false;
	}
}

/* Memory that the kernel counts as promised: what may be written and has no file behind it. */
static bool wants_promise(const struct event *event, const struct shortage_limits *limits)
{
	uint64_t flags = event->args[3];

	if (call_effect(event->call) != EFFECT_MAPS)
		return wants_data(event);
	if (flags & MAP_NORESERVE && limits->overcommit != OVERCOMMIT_NEVER)
		return false;
	return wants_data(event) || ((flags & MAP_TYPE) != MAP_PRIVATE && flags & MAP_ANONYMOUS);
}

/*
 * With `never` nobody but the kernel knows what all processes had been promised by then. Where every limit of the
 * process's own is ruled out it is what is left, for nothing else refuses such memory.
 */
static bool promises_end(const struct event *event, uint64_t more,
                         const struct shortage_limits *limits)
{
	if (!more || !wants_promise(event, limits))
		return false;
	return limits->overcommit == OVERCOMMIT_NEVER ||
	       (limits->overcommit == OVERCOMMIT_GUESS && limits->memory && more > limits->memory);
}

struct shortage_limits shortage_limits_of(const struct vmat_header *header)
{
	return (struct shortage_limits) {
		.max_map_count = header->max_map_count,
		.as = header->limit_as,
		.data = header->limit_data,
		.memlock = header->limit_memlock,
		.overcommit = header->overcommit <= OVERCOMMIT_NEVER ? header->overcommit
		                                                     : OVERCOMMIT_UNKNOWN,
		.memory = header->memory_total + header->swap_total,
		.commit_limit = header->commit_limit,
		.committed = header->committed,
	};
}

enum shortage shortage_explain(const struct shortage_facts *facts, const struct event *event,
                               const struct shortage_limits *limits)
{
	enum call_effect effect = call_effect(event->call);
	bool maps_more = effect != EFFECT_PROTECTS;

	if (!shortage_is(event))
		return SHORTAGE_NONE;
	if (facts->hole)
		return SHORTAGE_HOLE;
	if (effect == EFFECT_LOCKS || effect == EFFECT_LOCKS_ALL || event->error == EAGAIN)
		return exceeds(limits->memlock, facts->locked, facts->asked) ? SHORTAGE_MEMLOCK
		                                                             : SHORTAGE_OTHER;
	if (facts->asked >= ADDRESS_SPACE)
		return SHORTAGE_SIZE;
	if (limits->max_map_count && facts->vmas + VMAS_NEAR >= limits->max_map_count)
		return SHORTAGE_VMAS;
	if (maps_more && facts->asked && exceeds(limits->as, facts->mapped, facts->asked))
		return SHORTAGE_AS;
	if (wants_data(event) && exceeds(limits->data, facts->data, facts->asked))
		return SHORTAGE_DATA;
	return promises_end(event, facts->asked, limits) ? SHORTAGE_OVERCOMMIT : SHORTAGE_OTHER;
}

/* --- when it would be reached ------------------------------------------------------------------------- */

bool shortage_forecast(const uint64_t *values, size_t count, uint64_t step_ns, uint64_t limit,
                       uint64_t *ns)
{
	size_t first = count / 2;
	size_t rising = 0;
	uint64_t begin, end, grown, steps;

	if (count < 8 || !step_ns)
		return false;
	begin = values[first];
	end = values[count - 1];
	for (size_t i = first + 1; i < count; i++)
		rising += values[i] > values[i - 1];
	/* Growth is steady if it comes in many steps. */
	if (end <= begin || end >= limit || rising < (count - first) / 2)
		return false;
	grown = end - begin;
	steps = count - 1 - first;
	*ns = (uint64_t)((double)(limit - end) / (double)grown * (double)steps * (double)step_ns);
	return true;
}
