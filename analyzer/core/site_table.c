/*
 * site_table: an array of sites in order of first sight, and an open-addressed index into it.
 */
#include "site_table.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "call_table.h"
#include "number_tree.h"
#include "pages.h"

/* Calls between that a call waits for its slot, and then for its site. */
enum { SLOT_AHEAD = 12, SITE_AHEAD = 12, WAITING = 32, CACHE_LINE = 64 };

/* Slots that are looked at. Sites as they come never find so many taken beside each other. */
enum { PROBES = 64 };

/* What waits to be added to a site's totals. */
struct waiting {
	struct site_call site;
	struct site_totals more;
};

/* In cache lines of its own: another thread may be at work on another one. */
struct site_table {
	_Alignas(CACHE_LINE) struct site_entry *entries;
	size_t count;
	size_t capacity;
	uint32_t *slots; /* index + 1; 0 is free */
	size_t slot_count;
	size_t near;                /* sites in them */
	struct number_tree far;     /* and those in none: index + 1 */
	struct number_tree callers; /* numbers of those that such sites have for a stack */
	size_t last;                /* the site of the last call: calls come in rows */
	struct waiting waiting[WAITING];
	size_t came; /* of those that wait, so far */
	size_t counted;
};

void site_totals_add(struct site_totals *to, const struct site_totals *more)
{
	to->calls += more->calls;
	to->failed += more->failed;
	to->bytes_mapped += more->bytes_mapped;
	to->bytes_live += more->bytes_live;
	to->vmas_live += more->vmas_live;
	to->splits += more->splits;
	to->time_ns += more->time_ns;
}

struct site_table *site_table_new(void)
{
	struct site_table *table = aligned_alloc(CACHE_LINE, sizeof(*table));

	if (table)
		*table = (struct site_table) { 0 };
	return table;
}

void site_table_free(struct site_table *table)
{
	if (!table)
		return;
	free(table->entries);
	free(table->slots);
	number_tree_release(&table->far);
	number_tree_release(&table->callers);
	free(table);
}

size_t site_table_size(const struct site_table *table)
{
	return table->count;
}

struct site_entry *site_table_item(const struct site_table *table, size_t index)
{
	return &table->entries[index];
}

static bool same_site(const struct site_call *a, const struct site_call *b)
{
	/* Without a stack the caller is all that is known. */
	return a->call == b->call && a->stack == b->stack && (a->stack || a->caller == b->caller);
}

/* Where a search begins. */
static size_t place_of(const struct site_table *table, const struct site_call *site)
{
	uint64_t key = site->stack ? site->stack : site->caller ^ 1ull << 63;
	uint64_t hash = (key ^ (uint64_t)site->call << 48) * 0x9e3779b97f4a7c15u;

	/* The upper bits: only they depend on the call too. */
	return hash >> (__builtin_clzll(table->slot_count) + 1);
}

/* That of the site, or a free one; NULL: there is none near, as it is with sites that were chosen so. */
static uint32_t *slot_of(const struct site_table *table, const struct site_call *site)
{
	size_t at = place_of(table, site);

	for (size_t end = at + PROBES; at < end; at++) {
		uint32_t *slot = &table->slots[at & (table->slot_count - 1)];

		if (!*slot || same_site(&table->entries[*slot - 1].first, site))
			return slot;
	}
	return NULL;
}

/* Where the number of a site without a slot is, 0 at first sight. NULL: out of memory. */
static uint64_t *far_of(struct site_table *table, const struct site_call *site)
{
	uint64_t *caller;

	if (site->stack)
		return number_tree_at(&table->far, (uint64_t)site->stack << 16 | site->call);
	caller = number_tree_at(&table->callers, site->caller);
	if (!caller)
		return NULL;
	if (!*caller)
		*caller = table->callers.count;
	return number_tree_at(&table->far, 1ull << 63 | *caller << 16 | site->call);
}

/* All sites in larger slots, or where those end that find none. */
static bool place_all(struct site_table *table)
{
	table->near = 0;
	for (size_t i = 0; i < table->count; i++) {
		uint32_t *slot = slot_of(table, &table->entries[i].first);
		uint64_t *far = slot ? NULL : far_of(table, &table->entries[i].first);

		if (slot)
			*slot = (uint32_t)i + 1;
		else if (far)
			*far = i + 1;
		else
			return false;
		table->near += slot != NULL;
	}
	return true;
}

/* Room for one site more, with the slots at most half full. */
static bool reserve(struct site_table *table)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 64;
		struct site_entry *entries =
			reallocarray(table->entries, capacity, sizeof(*entries));

		if (!entries)
			return false;
		table->entries = entries;
		table->capacity = capacity;
	}
	if (2 * (table->near + 1) > table->slot_count) {
		size_t slot_count = table->slot_count ? 2 * table->slot_count : 256;
		uint32_t *slots = calloc(slot_count, sizeof(*slots));

		if (!slots)
			return false;
		free(table->slots);
		table->slots = slots;
		table->slot_count = slot_count;
		return place_all(table);
	}
	return true;
}

static struct site_entry *entry_of(struct site_table *table, const struct site_call *site)
{
	uint64_t *far = NULL, number;
	uint32_t *slot;

	if (table->count && same_site(&table->entries[table->last].first, site))
		return &table->entries[table->last];
	if (!reserve(table))
		return NULL;
	slot = slot_of(table, site);
	if (!slot) {
		far = far_of(table, site);
		if (!far)
			return NULL;
	}
	number = slot ? *slot : *far;
	if (!number) {
		table->entries[table->count] = (struct site_entry) { .first = *site };
		number = ++table->count;
		table->near += slot != NULL;
		if (slot)
			*slot = (uint32_t)number;
		else
			*far = number;
	}
	table->last = number - 1;
	return &table->entries[table->last];
}

struct site_entry *site_table_at(struct site_table *table, const struct event *event)
{
	const struct site_call site = site_call_of(event);

	return site_table_settle(table) ? entry_of(table, &site) : NULL;
}

/* --- counted some calls later ------------------------------------------------------------------------- */

static struct waiting *waiting_at(struct site_table *table, size_t number)
{
	return &table->waiting[number % WAITING];
}

/* The one that has waited longest. */
static bool count_first(struct site_table *table)
{
	const struct waiting *call = waiting_at(table, table->counted++);
	struct site_entry *site = entry_of(table, &call->site);

	if (!site)
		return false;
	site_totals_add(&site->totals, &call->more);
	return true;
}

bool site_table_settle(struct site_table *table)
{
	bool fine = true;

	while (table->counted < table->came)
		fine &= count_first(table);
	return fine;
}

/* It lies in two lines of the cache, mostly. What the slot holds may be another's: then it is looked for later. */
static void expect_site(const struct site_table *table, const struct waiting *call)
{
	uint32_t found = table->slots[place_of(table, &call->site)];
	const struct site_entry *site = found ? &table->entries[found - 1] : NULL;

	if (!site)
		return;
	/* To gcc a function that does nothing but fetch has no effect, and its calls are left out: this is one. */
	__asm__ volatile("");
	__builtin_prefetch(&site->first, 1);
	__builtin_prefetch(&site->totals.time_ns, 1);
}

bool site_table_add(struct site_table *table, const struct event *event,
                    const struct site_totals *more)
{
	struct waiting *call = waiting_at(table, table->came++);

	*call = (struct waiting) { .site = site_call_of(event), .more = *more };
	if (table->slot_count) {
		__builtin_prefetch(&table->slots[place_of(table, &call->site)]);
		if (table->came - table->counted > SLOT_AHEAD)
			expect_site(table, waiting_at(table, table->came - 1 - SLOT_AHEAD));
	}
	return table->came - table->counted <= SLOT_AHEAD + SITE_AHEAD || count_first(table);
}

bool site_table_count(struct site_table *table, const struct event *event, uint32_t page_bytes)
{
	const struct site_totals more = {
		.calls = 1,
		.failed = event->failed,
		.bytes_mapped = event_mapped_bytes(event, page_bytes),
		.time_ns = event->in_flight ? 0 : event->duration_ns,
	};

	return site_table_add(table, event, &more);
}

static uint64_t added_by_mremap(const struct event *event, uint32_t page_bytes)
{
	uint64_t old_bytes = page_ceil(event->args[1], page_bytes);
	uint64_t new_bytes = page_ceil(event->args[2], page_bytes);

	if (event->args[3] & MREMAP_DONTUNMAP)
		return new_bytes;
	return new_bytes > old_bytes ? new_bytes - old_bytes : 0;
}

uint64_t event_mapped_bytes(const struct event *event, uint32_t page_bytes)
{
	struct touch touch;
	uint64_t bytes = 0;

	if (event->failed || event->in_flight)
		return 0;
	switch (call_effect(event->call)) {
	case EFFECT_MOVES:
		return added_by_mremap(event, page_bytes);
	case EFFECT_MAPS:
	case EFFECT_ATTACHES:
	case EFFECT_SETS_BREAK:
	case EFFECT_MOVES_BREAK:
		event_touch(event, page_bytes, &touch);
		break;
	default:
		return 0;
	}
	for (size_t i = 0; i < touch.count; i++) {
		if (touch.roles[i] == TOUCH_PLACES || touch.roles[i] == TOUCH_REPLACES)
			bytes += touch.ranges[i].end - touch.ranges[i].start;
	}
	return bytes;
}
