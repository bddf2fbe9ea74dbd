/*
 * maps_text: see the header.
 */
#include "maps_text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "text.h"

size_t maps_text_row(char *text, size_t bytes, const struct vma_row *row)
{
	int length = snprintf(
		text, bytes,
		"%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		row->start, row->end, row->prot & PROT_READ ? 'r' : '-',
		row->prot & PROT_WRITE ? 'w' : '-', row->prot & PROT_EXEC ? 'x' : '-',
		row->shared ? 's' : 'p', row->offset, row->dev_major, row->dev_minor, row->inode);

	return length > 0 ? (size_t)length : 0;
}

/*
 * Where the name begins: seq_pad() pads to the column before it, however long the row is puts one
 * blank more.
 */
static size_t name_column(size_t row_length)
{
	return (row_length < MAPS_NAME_COLUMN ? MAPS_NAME_COLUMN - 1 : row_length) + 1;
}

size_t maps_text_length(const struct vma_row *row)
{
	char text[MAPS_LINE_LIMIT];
	size_t length = maps_text_row(text, sizeof(text), row);

	return row->name[0] ? name_column(length) + strlen(row->name) : length;
}

void maps_text_line(FILE *out, const struct vma_row *row, const char *who, size_t who_column,
                    bool terminal)
{
	char text[MAPS_LINE_LIMIT];
	size_t length = maps_text_row(text, sizeof(text), row);

	fputs(text, out);
	if (row->name[0]) {
		fprintf(out, "%*s", (int)(name_column(length) - length), "");
		if (terminal)
			print_escaped(out, row->name);
		else
			fputs(row->name, out);
		length = name_column(length) + strlen(row->name);
	}
	if (who) {
		fprintf(out, "%*s  ", length < who_column ? (int)(who_column - length) : 0, "");
		print_escaped(out, who);
	}
	putc('\n', out);
}

void maps_text_part(FILE *out, const struct vma_row *row, const char *kind, const char *who)
{
	char bytes[32];

	fprintf(out, "  %" PRIx64 "-%" PRIx64 "  %10s  ", row->start, row->end,
	        text_bytes(bytes, sizeof(bytes), row->end - row->start));
	print_escaped(out, kind);
	fputs("  ", out);
	print_escaped(out, who);
	putc('\n', out);
}
