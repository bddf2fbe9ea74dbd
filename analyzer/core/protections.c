/*
 * protections: see the header. A row is found by its site (site_table.h) and its two sets of rights.
 */
#include "protections.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "double_map.h"

enum { REGIONS = 1 << 16 };

struct region {
	uint64_t start;
	uint64_t time_ns;
	uint8_t before;
	uint8_t after;
};

struct protections {
	struct site_table *sites;
	uint32_t *of_site; /* the newest row of each, plus 1 */
	size_t site_capacity;
	struct protection_row *rows;
	size_t count;
	size_t capacity;
	struct region *regions;
	struct double_map doubles;
};

struct protections *protections_new(void)
{
	struct protections *protections = calloc(1, sizeof(*protections));

	if (!protections)
		return NULL;
	protections->sites = site_table_new();
	protections->regions = calloc(REGIONS, sizeof(*protections->regions));
	if (!protections->sites || !protections->regions) {
		protections_free(protections);
		return NULL;
	}
	return protections;
}

void protections_free(struct protections *protections)
{
	if (!protections)
		return;
	site_table_free(protections->sites);
	free(protections->of_site);
	free(protections->rows);
	free(protections->regions);
	double_map_release(&protections->doubles);
	free(protections);
}

size_t protections_count(const struct protections *protections)
{
	return protections->count;
}

const struct protection_row *protections_row(const struct protections *protections, size_t index)
{
	return &protections->rows[index];
}

const char *protection_warning(const struct protection_row *row)
{
	if (row->after & PROT_WRITE && row->after & PROT_EXEC)
		return "writable and executable";
	if (row->two_mappings)
		return "writable and executable through two mappings";
	return row->executable_after_write ? "written, then executable" : "";
}

static bool make_row(struct protections *protections, const struct vma_change *change,
                     uint32_t *newest)
{
	if (protections->count == protections->capacity) {
		size_t capacity = protections->capacity ? 2 * protections->capacity : 16;
		struct protection_row *rows =
			reallocarray(protections->rows, capacity, sizeof(*rows));

		if (!rows)
			return false;
		protections->rows = rows;
		protections->capacity = capacity;
	}
	protections->rows[protections->count] = (struct protection_row) {
		.first = site_call_of(change->event),
		.maps = !change->mapped_before,
		.before = change->mapped_before ? change->prot_before : 0,
		.after = change->prot_after,
		.next = *newest,
	};
	*newest = (uint32_t)++protections->count;
	return true;
}

/* A site has few rows: from one set of rights to another. */
static bool is_row_of(const struct protection_row *row, const struct vma_change *change)
{
	return row->maps == !change->mapped_before && row->after == change->prot_after &&
	       (row->maps || row->before == change->prot_before);
}

static struct protection_row *row_of(struct protections *protections,
                                     const struct vma_change *change)
{
	struct site_entry *site = site_table_at(protections->sites, change->event);
	size_t place;

	if (!site)
		return NULL;
	place = (size_t)(site - site_table_item(protections->sites, 0));
	if (place >= protections->site_capacity) {
		size_t capacity = 2 * place + 16;
		uint32_t *grown = reallocarray(protections->of_site, capacity, sizeof(*grown));

		if (!grown)
			return NULL;
		for (size_t i = protections->site_capacity; i < capacity; i++)
			grown[i] = 0;
		protections->of_site = grown;
		protections->site_capacity = capacity;
	}
	for (uint32_t i = protections->of_site[place]; i; i = protections->rows[i - 1].next) {
		if (is_row_of(&protections->rows[i - 1], change))
			return &protections->rows[i - 1];
	}
	return make_row(protections, change, &protections->of_site[place])
	               ? &protections->rows[protections->count - 1]
	               : NULL;
}

static struct region *region_at(const struct protections *protections, uint64_t start)
{
	uint64_t hash = (start >> 12) * 0x9e3779b97f4a7c15u;

	return &protections->regions[hash >> 48 & (REGIONS - 1)];
}

static void remember(struct region *region, const struct vma_change *change)
{
	*region = (struct region) {
		.start = change->start,
		.time_ns = change->event->time_ns,
		.before = change->mapped_before ? change->prot_before : change->prot_after,
		.after = change->prot_after,
	};
}

static void count(struct protection_row *row, const struct region *region,
                  const struct vma_map *map, const struct vma_change *change)
{
	const struct event *event = change->event;
	const struct vma_run *run = vma_map_at(map, change->start);

	row->changes++;
	row->bytes += change->end - change->start;
	row->time_ns += event->duration_ns;
	row->executable_after_write += change->mapped_before && change->prot_after & PROT_EXEC &&
	                               !(change->prot_before & PROT_EXEC) && run &&
	                               run->start <= change->start &&
	                               run->map_flags & RUN_WRITABLE_ONCE;
	if (region->start != change->start || row->maps)
		return;
	row->held++;
	row->held_ns += event->time_ns > region->time_ns ? event->time_ns - region->time_ns : 0;
	row->flips += region->before == change->prot_after && region->after == change->prot_before;
}

bool protections_begin(struct protections *protections, const struct walk *walk)
{
	return double_map_begin(&protections->doubles, walk);
}

bool protections_pass(struct protections *protections, const struct vma_change *change)
{
	struct page_range here, there;
	bool doubled;

	return double_map_see(&protections->doubles, change, &doubled, &here, &there);
}

bool protections_see(struct protections *protections, const struct vma_change *change)
{
	bool protects = change->kind == CHANGE_PROTECT && change->mapped_before &&
	                change->prot_before != change->prot_after;
	bool both = change->mapped_after && change->prot_after & PROT_WRITE &&
	            change->prot_after & PROT_EXEC && change->kind != CHANGE_IMPLICIT;
	struct region *region = region_at(protections, change->start);
	struct page_range here, there;
	struct protection_row *row;
	bool doubled;

	if (!double_map_see(&protections->doubles, change, &doubled, &here, &there))
		return false;
	both |= doubled && change->kind != CHANGE_IMPLICIT;
	if (protects || (both && change->kind != CHANGE_PROTECT && change->kind != CHANGE_ADVISE &&
	                 change->kind != CHANGE_LOCK)) {
		row = row_of(protections, change);
		if (!row)
			return false;
		count(row, region, walk_map(protections->doubles.walk), change);
		row->two_mappings += doubled;
	}
	if (protects || (change->mapped_after && change->kind != CHANGE_ADVISE &&
	                 change->kind != CHANGE_LOCK && change->kind != CHANGE_PROTECT))
		remember(region, change);
	return true;
}
