/*
 * row_parts: see the header.
 */
#include "row_parts.h"

#include <string.h>

_Static_assert(sizeof(struct row_part) >= sizeof(struct vma_row_info),
               "no part is written over an extent behind its own");

struct vma_row_info *row_parts_extents(struct row_part *parts, size_t count)
{
	return (struct vma_row_info *)(void *)(parts + count) - count;
}

static bool goes_on(const struct row_part *part, const struct vma_row_info *extent,
                    enum vma_kind kind, size_t row)
{
	return part->row == row && part->kind == kind &&
	       (kind != KIND_THREAD_STACK || part->info.created_by == extent->created_by);
}

size_t row_parts(const struct vma_row_info *rows, size_t count, const struct vma_row_info *extents,
                 const enum vma_kind *kinds, size_t extent_count, struct row_part *parts)
{
	size_t kept = 0, row = 0;
	uint64_t author = 0; /* of the extent before */

	for (size_t i = 0; i < extent_count; i++) {
		struct row_part *last = kept ? &parts[kept - 1] : NULL;
		struct vma_row_info extent; /* the part may be written over it */

		memcpy(&extent, &extents[i], sizeof(extent));
		while (row + 1 < count && rows[row].row.end <= extent.row.start)
			row++;
		if (last && goes_on(last, &extent, kinds[i], row)) {
			last->info.row.end = extent.row.end;
			last->authors += extent.created_by != author;
		} else {
			parts[kept++] = (struct row_part) {
				.info = extent,
				.kind = kinds[i],
				.row = row,
				.authors = 1,
			};
		}
		author = extent.created_by;
	}
	return kept;
}

size_t row_parts_length(const struct row_part *parts, size_t count)
{
	size_t length = 1;

	while (length < count && parts[length].row == parts[0].row)
		length++;
	return length;
}

static enum vma_kind kind_of_most(const struct row_part *parts, size_t count)
{
	uint64_t bytes[KIND_COUNT] = { 0 };
	enum vma_kind most = parts[0].kind;

	for (size_t i = 0; i < count; i++)
		bytes[parts[i].kind] += parts[i].info.row.end - parts[i].info.row.start;
	for (size_t i = 1; i < count; i++)
		if (bytes[parts[i].kind] > bytes[most])
			most = parts[i].kind;
	return most;
}

void row_parts_kinds(const struct row_part *parts, size_t count, enum vma_kind *row_kinds)
{
	for (size_t i = 0, length; i < count; i += length) {
		length = row_parts_length(parts + i, count - i);
		row_kinds[parts[i].row] = kind_of_most(parts + i, length);
	}
}

bool row_part_counts(const struct row_part *parts, size_t part)
{
	for (size_t i = part; i-- > 0 && parts[i].row == parts[part].row;)
		if (parts[i].kind == parts[part].kind)
			return false;
	return true;
}
