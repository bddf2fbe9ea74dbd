/*
 * differential_maps: the kernel's side of the comparison. Reading must not map anything: static buffers, no
 * stdio.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/vma_map.h"
#include "differential.h"

static uint64_t number(const char **at, int base)
{
	char *end;
	uint64_t value = strtoull(*at, &end, base);

	*at = end + 1;
	return value;
}

static void parse(struct vma_row *row, char *line)
{
	const char *at = line;

	row->start = number(&at, 16);
	row->end = number(&at, 16);
	row->prot = (uint8_t)((at[0] == 'r') | (at[1] == 'w') << 1 | (at[2] == 'x') << 2);
	row->shared = at[3] == 's';
	at += 5;
	row->offset = number(&at, 16);
	row->dev_major = (uint32_t)number(&at, 16);
	row->dev_minor = (uint32_t)number(&at, 16);
	row->inode = number(&at, 10);
	row->name = at + strspn(at, " ");
}

void maps_read(struct maps *maps)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t filled = 0;
	ssize_t got;
	char *line = maps->text;

	while ((got = read(fd, maps->text + filled, sizeof(maps->text) - filled)) > 0)
		filled += (size_t)got;
	close(fd);
	if (got < 0 || filled == sizeof(maps->text)) {
		fprintf(stderr, "cannot read /proc/self/maps\n");
		exit(2);
	}
	maps->count = 0;
	for (char *end; (end = memchr(line, '\n', (size_t)(maps->text + filled - line)));
	     line = end + 1) {
		*end = '\0';
		if (maps->count == ROW_LIMIT)
			exit(2);
		parse(&maps->rows[maps->count++], line);
	}
}

static bool touches(const struct vma_row *row, uint64_t start, uint64_t end)
{
	return row->start < end && row->end > start;
}

void maps_touching(struct maps *maps, uint64_t start, uint64_t end, uint64_t other_start,
                   uint64_t other_end)
{
	size_t kept = 0;

	for (size_t i = 0; i < maps->count; i++) {
		if (touches(&maps->rows[i], start, end) ||
		    touches(&maps->rows[i], other_start, other_end))
			maps->rows[kept++] = maps->rows[i];
	}
	maps->count = kept;
}

size_t rows_join(struct vma_row *rows, size_t count)
{
	size_t joined = 0;

	for (size_t i = 0; i < count; i++) {
		struct vma_row *last = joined ? &rows[joined - 1] : NULL;

		if (last && vma_rows_join(last, &rows[i])) {
			last->end = rows[i].end;
			if (!*last->name)
				last->name = rows[i].name;
		} else {
			rows[joined++] = rows[i];
		}
	}
	return joined;
}

static bool same(const struct vma_row *a, const struct vma_row *b)
{
	return a->start == b->start && a->end == b->end && a->prot == b->prot &&
	       a->shared == b->shared && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->offset == b->offset &&
	       strcmp(a->name, b->name) == 0;
}

static void print_row(const char *whose, const struct vma_row *row)
{
	if (!row) {
		printf("  %s: nothing more\n", whose);
		return;
	}
	printf("  %s: %lx-%lx %c%c%c%c %lx %x:%x %lu %s\n", whose, row->start, row->end,
	       row->prot & 1 ? 'r' : '-', row->prot & 2 ? 'w' : '-', row->prot & 4 ? 'x' : '-',
	       row->shared ? 's' : 'p', row->offset, row->dev_major, row->dev_minor, row->inode,
	       row->name);
}

bool rows_equal(const struct vma_row *model, size_t model_count, const struct vma_row *kernel,
                size_t kernel_count)
{
	size_t count = model_count < kernel_count ? model_count : kernel_count;
	size_t i = 0;

	while (i < count && same(&model[i], &kernel[i]))
		i++;
	if (i == model_count && i == kernel_count)
		return true;
	print_row("model ", i < model_count ? &model[i] : NULL);
	print_row("kernel", i < kernel_count ? &kernel[i] : NULL);
	return false;
}
