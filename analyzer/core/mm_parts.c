/*
 * mm_parts: see the header.
 */
#include "mm_parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_gate(const struct vma_row *row)
{
	return strcmp(row->name, "[vsyscall]") == 0;
}

static void add(struct mm_part *part, const struct vma_row *row)
{
	part->vmas++;
	part->bytes += row->end - row->start;
}

static int compare_bytes(const void *left, const void *right)
{
	const struct mm_part *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int compare_names(const void *left, const void *right)
{
	const struct mm_part *a = left, *b = right;

	return strcmp(a->name, b->name);
}

size_t mm_parts_by_kind(const struct row_part *row_parts, size_t count, struct mm_part *parts,
                        uint64_t *more)
{
	size_t kept = 0;

	*more = 0;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		parts[kind] = (struct mm_part) { .name = vma_kind_name((enum vma_kind)kind) };
	for (size_t i = 0; i < count; i++) {
		const struct vma_row *row = &row_parts[i].info.row;
		struct mm_part *part = &parts[row_parts[i].kind];
		bool first = !i || row_parts[i - 1].row != row_parts[i].row;
		bool counts = row_part_counts(row_parts, i);

		if (is_gate(row))
			continue;
		part->bytes += row->end - row->start;
		part->vmas += counts;
		*more += counts && !first;
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (parts[kind].vmas)
			parts[kept++] = parts[kind];
	}
	qsort(parts, kept, sizeof(*parts), compare_bytes);
	return kept;
}

/* Of what file a row without a name is a part: bss and gaps lie right behind a row of it. */
static const char *file_of(const struct vma_row_info *rows, const enum vma_kind *kinds, size_t i,
                           const char *before)
{
	const struct vma_row *row = &rows[i].row;

	if (row->name[0] == '/')
		return row->name;
	if (before && i > 0 && rows[i - 1].row.end == row->start &&
	    (kinds[i] == KIND_BSS || kinds[i] == KIND_LOADER))
		return before;
	return NULL;
}

size_t mm_parts_by_file(const struct vma_row_info *rows, const enum vma_kind *kinds, size_t count,
                        struct mm_part *parts)
{
	const char *file = NULL;
	size_t taken = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		file = file_of(rows, kinds, i, file);
		if (!file)
			continue;
		parts[taken] = (struct mm_part) { .name = file };
		add(&parts[taken++], &rows[i].row);
	}
	if (!taken)
		return 0;
	qsort(parts, taken, sizeof(*parts), compare_names);
	for (size_t i = 1; i < taken; i++) {
		if (strcmp(parts[kept].name, parts[i].name) != 0) {
			parts[++kept] = parts[i];
			continue;
		}
		parts[kept].vmas += parts[i].vmas;
		parts[kept].bytes += parts[i].bytes;
	}
	qsort(parts, kept + 1, sizeof(*parts), compare_bytes);
	return kept + 1;
}
